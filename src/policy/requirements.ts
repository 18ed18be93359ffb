// What an expression requires of a record before it can select it, read off the expression's tree: elements that must be there,
// and elements that must not have a name. Few records meet it, and it is told in a hundredth of the time that FHIRPath takes.
import { type FhirObject, isObject, textIn } from "./fhir-json.ts";
import { argumentsOf, type Node, unwrap } from "./fhirpath-tree.ts";
import { jsonNames } from "./types.ts";

/** False only for a record that the expression cannot select. */
export type Requirement = (record: FhirObject) => boolean;

const ANYTHING: Requirement = () => true;

/** Functions that find nothing in nothing. */
const PASSING = new Set(["where", "ofType", "first", "last", "single", "tail", "distinct"]);
/** Functions that are false for nothing. */
const FALSE_FOR_NOTHING = new Set([
  "exists",
  "memberOf",
  "mentions",
  "says",
  "refersTo",
  "inFuture",
  "inPast",
  "isDate",
]);

/** For a record that stands for the variable: `%variable.where(…)`, or such expressions joined by `|`. */
export function requirementOf(tree: Node, variable: string): Requirement {
  const node = unwrap(tree);
  const [left, right] = node.children ?? [];
  if (node.type === "UnionExpression" && left && right) {
    return either(requirementOf(left, variable), requirementOf(right, variable));
  }
  if (node.type === "InvocationExpression" && left && right && right.text === "where") {
    const [condition] = argumentsOf(right);
    if (condition) return both(requirementOf(left, variable), conditionOf(condition));
  }
  return node.type === "ExternalConstantTerm" && node.text !== variable ? () => false : ANYTHING;
}

/** What a condition on a record requires of it to be true. */
function conditionOf(tree: Node): Requirement {
  const node = unwrap(tree);
  const [left, right] = node.children ?? [];
  if (!left || !right) return ANYTHING;
  if (node.type === "AndExpression") return both(conditionOf(left), conditionOf(right));
  if (node.type === "OrExpression" && node.text === "or") return either(conditionOf(left), conditionOf(right));
  if (node.type === "EqualityExpression" && node.text === "=") return presenceOf(left);
  if (node.type === "MembershipExpression" && node.text === "in") return presenceOf(left);
  if (node.type !== "InvocationExpression") return ANYTHING;
  if (FALSE_FOR_NOTHING.has(right.text ?? "") && isCall(right)) return presenceOf(left);
  if (right.text === "empty" && isCall(right)) return namelessnessOf(left);
  return ANYTHING;
}

/** The first element of a path of which nothing is left where the element is absent must be there. */
function presenceOf(tree: Node): Requirement {
  const node = unwrap(tree);
  if (node.type === "UnionExpression") return (node.children ?? []).map(presenceOf).reduce(either);
  if (node.type === "MemberInvocation") return has(jsonNames(node.text ?? ""));
  const [left, right] = node.children ?? [];
  const passes =
    right?.type === "MemberInvocation" || (right !== undefined && isCall(right) && PASSING.has(right.text ?? ""));
  return node.type === "InvocationExpression" && left && passes ? presenceOf(left) : ANYTHING;
}

/** `element.named().empty()`: the element must not have a text that names it. */
function namelessnessOf(tree: Node): Requirement {
  const node = unwrap(tree);
  const [left, right] = node.children ?? [];
  if (node.type !== "InvocationExpression" || !left || !right || right.text !== "named" || !isCall(right))
    return ANYTHING;
  const element = unwrap(left);
  if (element.type !== "MemberInvocation" || element.text === undefined) return ANYTHING;
  const { text: name } = element;
  return (record) => {
    const value = record[name];
    return !(isObject(value) && textIn(value.text) !== undefined);
  };
}

const isCall = ({ type }: Node) => type === "FunctionInvocation";
const both = (a: Requirement, b: Requirement): Requirement =>
  a === ANYTHING ? b : b === ANYTHING ? a : (record) => a(record) && b(record);
const either = (a: Requirement, b: Requirement): Requirement =>
  a === ANYTHING || b === ANYTHING ? ANYTHING : (record) => a(record) || b(record);

/** A primitive element may be there as its extensions only, under its name with an underscore. */
function has(names: readonly string[]): Requirement {
  const all = names.flatMap((name) => [name, `_${name}`]);
  return (record) => all.some((name) => record[name] !== undefined);
}
