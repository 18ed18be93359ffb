// Compiles the FHIRPath of a policy and checks it against what a policy may say: known variables, functions, elements
// and value sets. Knows the FHIR R4 model; knows no policy.
import fhirpath, { type Model } from "fhirpath";
import r4 from "fhirpath/fhir-context/r4";
import { codingKeys } from "./codings.ts";
import { inFuture, inPast, isDate } from "./dates.ts";
import { codingsOf, type FhirObject, isObject, namesOf, objectsIn, textIn } from "./fhir-json.ts";
import { consistsOf } from "./terms.ts";
import { membership, mentioned, type Terminology } from "./value-sets.ts";

/** A compiled expression. `evaluate` takes the value of each variable and throws an Error where the data do not fit. */
export type Expression = {
  readonly text: string;
  readonly variables: readonly string[];
  readonly usesValueSets: boolean;
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
  const variables = [...nodesOf(tree)].filter(isVariable).map((node) => node.text ?? "");
  const evaluate = fhirpath.compile(text, r4, { async: false, userInvocationTable: localFunctions(terminology) });
  return {
    text,
    variables: [...new Set(variables)],
    usesValueSets: [...nodesOf(tree)].some((node) => VALUE_SET_FUNCTIONS.has(node.text ?? "")),
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

type Node = { type: string; text?: string; children?: Node[] };

function parse(text: string): Node {
  try {
    return fhirpath.parse(text) as Node;
  } catch (error) {
    throw new Error(`is not FHIRPath: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const child of node.children ?? []) yield* nodesOf(child);
}

const isVariable = (node: Node) => node.type === "ExternalConstantTerm";

function* findFaults(tree: Node, known: readonly string[], terminology: Terminology): Generator<string> {
  for (const node of nodesOf(tree)) {
    const name = node.text ?? "";
    if (isVariable(node) && !known.includes(name)) {
      yield `unknown variable %${name} (there are ${known.map((variable) => `%${variable}`).join(", ")})`;
    }
    if (node.type === "MemberInvocation" && !ELEMENTS.has(name)) yield `FHIR R4 has no element "${name}"`;
    if (node.type === "FunctionInvocation") {
      if (!FUNCTIONS.has(name)) yield `function ${name}() is not one that a policy may use`;
      if (VALUE_SET_FUNCTIONS.has(name)) yield* findValueSetFaults(node, terminology);
    }
  }
}

function* findValueSetFaults(node: Node, terminology: Terminology): Generator<string> {
  const literal = [...nodesOf(node)].find((child) => child.type === "LiteralTerm")?.text ?? "";
  const name = literal.replace(/^'|'$/g, "");
  if (!terminology.sets.has(name)) yield `there is no value set "${name}"`;
}

/**
 * The functions that policies have beside those of FHIRPath. All but `named` take a collection and answer one boolean,
 * false for an empty collection, so that `where(x.inFuture())` never depends on whether the element is there.
 */
function localFunctions(terminology: Terminology) {
  const setsOf = remember((concept) => membership(terminology, asConcept(concept)));
  const setsMentionedBy = remember((concept) => mentioned(terminology, asConcept(concept)));
  const isMember = (concept: unknown, name: string) => isObject(concept) && setsOf(concept).has(name);
  const mentions = (value: unknown, name: string) =>
    typeof value === "string"
      ? mentioned(terminology, value).has(name)
      : isObject(value) && setsMentionedBy(value).has(name);
  return {
    memberOf: {
      fn: (concepts: unknown[], name: string) => [concepts.some((concept) => isMember(concept, name))],
      arity: { 1: ["String" as const] },
    },
    mentions: {
      fn: (values: unknown[], name: string) => [values.some((value) => mentions(value, name))],
      arity: { 1: ["String" as const] },
    },
    says: {
      fn: (values: unknown[], word: string) => [values.some((value) => says(value, word))],
      arity: { 1: ["String" as const] },
    },
    refersTo: {
      fn: (references: unknown[], type: string) => [references.some((reference) => refersTo(reference, type))],
      arity: { 1: ["String" as const] },
    },
    named: { fn: (concepts: unknown[]) => concepts.flatMap((each) => nameOf(terminology, each)), arity: { 0: [] } },
    inFuture: { fn: (dates: unknown[]) => [dates.some((date) => inFuture(date))], arity: { 0: [] } },
    inPast: { fn: (dates: unknown[]) => [dates.some((date) => inPast(date))], arity: { 0: [] } },
    isDate: { fn: (dates: unknown[]) => [dates.some(isDate)], arity: { 0: [] } },
  };
}

/** Looks at each concept once. */
function remember(look: (concept: FhirObject) => Set<string>): (concept: FhirObject) => Set<string> {
  const known = new WeakMap<object, Set<string>>();
  return (concept) => {
    const found = known.get(concept) ?? look(concept);
    known.set(concept, found);
    return found;
  };
}

/** Whether a text, or any text, display or code of a CodeableConcept, is that word and no other, case ignored. */
function says(value: unknown, word: string): boolean {
  const said = isObject(value) ? [...namesOf(value), ...codingsOf(value).map(({ code }) => code)] : [value];
  return said.some((each) => typeof each === "string" && consistsOf(each, [word]));
}

/** A Coding is looked up as the CodeableConcept that holds it alone. */
function asConcept(value: FhirObject): FhirObject {
  return "code" in value && !("coding" in value) ? { coding: [value] } : value;
}

/** What a CodeableConcept calls itself; a code without text or display is called as the value sets call it, if they do. */
function nameOf(terminology: Terminology, concept: unknown): string[] {
  if (!isObject(concept)) return [];
  const [own] = namesOf(concept);
  const keys = codingsOf(concept).flatMap(codingKeys);
  const [listed] = keys.flatMap((key) => terminology.displayByKey.get(key) ?? []);
  const name = own ?? listed;
  return name ? [name] : [];
}

/** Whether a Reference points at a resource of the type: by its type or by its literal reference, of any version. */
function refersTo(value: unknown, type: string): boolean {
  return objectsIn(value).some((reference) => {
    const literal = /(?:^|\/)([A-Za-z]+)\/[^/]+(?:\/_history\/[^/]+)?$/.exec(textIn(reference.reference) ?? "");
    return reference.type === type || literal?.[1] === type;
  });
}
