// Compiles the FHIRPath of a policy and checks it against what a policy may say: known variables, functions, elements
// and value sets. Knows the FHIR R4 model; knows no policy.
import fhirpath, { type Model } from "fhirpath";
import r4 from "fhirpath/fhir-context/r4";
import { localFunctions } from "./functions.ts";
import { type Requirement, requirementOf } from "./requirements.ts";
import { elementsIn, jsonNames, type Node, nodesOf, unwrap } from "./tree.ts";
import type { Terminology } from "./value-sets.ts";

/** A compiled expression. `evaluate` takes the value of each variable and throws an Error where the data do not fit. */
export type Expression = {
  readonly text: string;
  readonly variables: readonly string[];
  /** The value sets that it asks about. Where there are any, it selects only records that may be about one of them. */
  readonly valueSets: readonly string[];
  /** The elements, as JSON names them, of which it asks that: where a record may name a drug or a substance. */
  readonly naming: readonly string[];
  /** All elements that it names, as JSON names them. What it selects depends on no other. */
  readonly elements: readonly string[];
  /** Whether what it selects depends on the day. */
  readonly isTimed: boolean;
  /** What it requires of a record that is one of its variables, by variable. */
  readonly requirements: ReadonlyMap<string, Requirement>;
  evaluate(variables: Record<string, unknown>): unknown[];
};

/** Functions that a policy may use: none reaches the network, none changes data. */
const FUNCTIONS = new Set(
  `all allTrue any as combine contains count distinct empty endsWith exists first iif inFuture inPast is isDate join last
   lower matches memberOf mentions named not ofType refersTo replace says select single startsWith tail take toString today
   trim upper where`.split(/\s+/),
);

/** Those that take the name of a value set. */
const VALUE_SET_FUNCTIONS = new Set(["memberOf", "mentions"]);
/** Those whose result changes with the day. */
const TIMED_FUNCTIONS = new Set(["inFuture", "inPast", "today"]);

const model = r4 as Model & { path2Type: object; type2Parent: object; choiceTypePaths: object };
const ELEMENTS = new Set([
  ...[...Object.keys(model.path2Type), ...Object.keys(model.choiceTypePaths)].map((path) => path.split(".").at(-1)),
  ...Object.keys(model.type2Parent),
  ...["id", "url", "value", "extension", "reference", "resourceType"],
]);

/**
 * Compiles one expression. `known` lists the variables it may use, without `%`.
 * @throws Error with the reason, for the author of the policy.
 */
export function compileExpression(text: string, known: readonly string[], terminology: Terminology): Expression {
  const tree = parse(text);
  const faults = [...findFaults(tree, known, terminology)];
  if (faults.length > 0) throw new Error(faults.join("; "));
  const variables = [...new Set([...nodesOf(tree)].filter(isVariable).map((node) => node.text ?? ""))];
  const valueSetCalls = [...nodesOf(tree)].filter(isValueSetCall);
  const evaluate = fhirpath.compile(text, r4, { async: false, userInvocationTable: localFunctions(terminology) });
  return {
    text,
    variables,
    valueSets: [...new Set(valueSetCalls.map(valueSetOf))],
    naming: [...new Set([...elementsAsked(tree, [])].flatMap(jsonNames))],
    elements: [...new Set(elementsIn(tree).flatMap(jsonNames))],
    isTimed: [...nodesOf(tree)].some(
      ({ type, text: name = "" }) => type === "FunctionInvocation" && TIMED_FUNCTIONS.has(name),
    ),
    requirements: new Map(variables.map((variable) => [variable, requirementOf(tree, variable)])),
    evaluate(values) {
      const context = Object.fromEntries(known.map((name) => [name, values[name] ?? []]));
      try {
        return evaluate({}, context);
      } catch (error) {
        throw error instanceof Error ? error : new Error(String(error)); // fhirpath throws strings as well
      }
    },
  };
}

function parse(text: string): Node {
  try {
    return fhirpath.parse(text) as Node;
  } catch (error) {
    throw new Error(`is not FHIRPath: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const isVariable = (node: Node) => node.type === "ExternalConstantTerm";
const isValueSetCall = (node: Node) => node.type === "FunctionInvocation" && VALUE_SET_FUNCTIONS.has(node.text ?? "");

function* findFaults(tree: Node, known: readonly string[], terminology: Terminology): Generator<string> {
  for (const node of nodesOf(tree)) {
    const name = node.text ?? "";
    if (isVariable(node) && !known.includes(name)) {
      yield `unknown variable %${name} (there are ${known.map((variable) => `%${variable}`).join(", ")})`;
    }
    if (node.type === "MemberInvocation" && !ELEMENTS.has(name)) yield `FHIR R4 has no element "${name}"`;
    if (node.type === "FunctionInvocation") {
      if (!FUNCTIONS.has(name)) yield `function ${name}() is not one that a policy may use`;
      if (isValueSetCall(node) && !terminology.sets.has(valueSetOf(node))) {
        yield `there is no value set "${valueSetOf(node)}"`;
      }
    }
  }
}

/** The value set that a call of such a function names, as its one argument. */
function valueSetOf(call: Node): string {
  const literal = [...nodesOf(call)].find((child) => child.type === "LiteralTerm")?.text ?? "";
  return literal.replace(/^'|'$/g, "");
}

/**
 * The elements on the way to what value sets are asked about: in `reaction.where(substance.memberOf('x'))`, both.
 * @param outer those on the way to the node
 */
function* elementsAsked(node: Node, outer: readonly string[]): Generator<string> {
  const [left, right] = node.children ?? [];
  if (isValueSetCall(node)) yield* outer;
  if (node.type === "InvocationExpression" && left && right) {
    yield* elementsAsked(left, outer);
    yield* elementsAsked(right, [...outer, ...elementsOnPath(left)]);
  } else for (const child of node.children ?? []) yield* elementsAsked(child, outer);
}

/** Those that a path leads through, without what its conditions look at. */
function elementsOnPath(path: Node): string[] {
  const node = unwrap(path);
  const [left, right] = node.children ?? [];
  if (node.type !== "InvocationExpression" || !left || !right) return elementsIn(node);
  const isCondition = right.type === "FunctionInvocation" && right.text === "where";
  return [...elementsOnPath(left), ...(isCondition ? [] : elementsIn(right))];
}
