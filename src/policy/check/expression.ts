// Checks a policy's FHIRPath: that variables, definitions, functions, and value sets exist, and every element against
// the types of FHIR R4. A definition is checked where it is used, since its context may differ.

import { type Node, SyntaxFault } from "../fhirpath/tree.ts";
import { elementOf, elementsOf, everyElement, isElement, mayBe, type Types, union } from "../fhirpath/types.ts";
import { type Walker, walkCall, walkType } from "./call.ts";
import { negatedComparisons } from "./forms.ts";
import { nearest } from "./suggest.ts";

/** What an expression may use. */
export type Scope = {
  /** The types of each variable, by name without %. */
  readonly variables: ReadonlyMap<string, Types>;
  readonly valueSets: ReadonlySet<string>;
  /** Those without substance names. */
  readonly withoutNames: ReadonlySet<string>;
  /** In order: a definition may use those before it. */
  readonly definitions: ReadonlyMap<string, string>;
  /** Definitions are walked wherever they are used, and parsed once. @throws SyntaxFault */
  readonly parse: (expression: string) => Node;
};

/** What an expression returns and uses, including its definitions. */
export type Checked = {
  readonly types: Types;
  readonly variables: readonly string[];
  readonly valueSets: readonly string[];
  readonly definitions: readonly string[];
};

/** `definition` is the one with the fault, if it is not in the expression itself. A warning prevents nothing. */
export type ExpressionFault = {
  readonly kind: "fault" | "warning";
  readonly definition: string | undefined;
  /** Characters from the start of the expression, or of the definition. */
  readonly offset: number;
  readonly reason: string;
  readonly suggestion: string | undefined;
};

type Text = { readonly text: string; readonly definition: string | undefined };

export function checkExpression(expression: string, scope: Scope, note: (fault: ExpressionFault) => void): Checked {
  const variables = new Set<string>();
  const valueSets = new Set<string>();
  const definitions = new Set<string>();

  function walkText(here: Text, context: Types): Types {
    const noteAs =
      (kind: ExpressionFault["kind"]): Walker["fault"] =>
      (at, reason, suggestion) => {
        const offset = typeof at === "number" ? at : (at.start ?? 0);
        note({ kind, definition: here.definition, offset, reason, suggestion });
      };
    const fault = noteAs("fault");

    function walk(node: Node, focus: Types, context: Types): Types {
      const children = node.children ?? [];
      const [first] = children;
      switch (node.type) {
        case "InvocationExpression":
          return children.reduce(
            (before: Types, child, index) => walk(child, index === 0 ? focus : before, context),
            focus,
          );
        case "InvocationTerm":
          return first && walk(first, context, context);
        case "EntireExpression":
        case "TermExpression":
        case "ParenthesizedTerm":
        case "PolarityExpression":
          return first && walk(first, focus, context);
        case "IndexerExpression":
          return children.map((child) => walk(child, focus, context))[0];
        case "UnionExpression":
          return union(children.map((child) => walk(child, focus, context)));
        case "MemberInvocation":
          return walkElement(node, focus);
        case "FunctionInvocation":
          return walkCall(walker, node, focus, context);
        case "ExternalConstantTerm":
          return walkVariable(node, context);
        case "ThisInvocation":
          return context;
        case "TypeExpression":
          return walkTypeOperator(node, focus, context);
        case "LiteralTerm":
          return LITERALS[first?.type ?? ""];
        default:
          for (const child of children) walk(child, focus, context);
          return YES_OR_NO.has(node.type) ? BOOLEAN : undefined;
      }
    }

    function walkTypeOperator({ text, children = [] }: Node, focus: Types, context: Types): Types {
      if (children[0]) walk(children[0], focus, context);
      const type = walkType(walker, children[1]);
      return text === "as" ? type : BOOLEAN;
    }

    function walkElement(node: Node, focus: Types): Types {
      const name = (node.text ?? "").replace(/^`|`$/g, "");
      if (focus === undefined) {
        if (!isElement(name))
          fault(node, `FHIR R4 has no element "${name}"`, variableOf(name) ?? nearest(name, everyElement()));
        return undefined;
      }
      if (focus.length === 0) {
        const meant = variableOf(name) ?? variableNear(name);
        const [first] = scope.variables.keys();
        fault(node, `"${name}" refers to nothing: begin with a variable, such as ${meant ?? `%${first}`}`, meant);
        return undefined;
      }
      const found = focus.map((type) => elementOf(type, name)).filter((types) => types !== "none");
      if (found.length > 0) return union(found);
      // A path may start with its type.
      if (/^[A-Z]/.test(name) && focus.some((type) => mayBe(type, name))) return focus;
      const owner = focus.length === 1 ? `${focus[0]} has no` : `none of ${focus.slice(0, 4).join(", ")} has an`;
      fault(node, `${owner} element "${name}"`, variableOf(name) ?? nearest(name, focus.flatMap(elementsOf)));
      return undefined;
    }

    function walkVariable(node: Node, context: Types): Types {
      const name = node.text ?? "";
      if (scope.variables.has(name)) {
        variables.add(name);
        return scope.variables.get(name);
      }
      const definition = definitionsBefore(here.definition).includes(name) ? scope.definitions.get(name) : undefined;
      if (definition !== undefined) {
        definitions.add(name);
        return walkText({ text: definition, definition: name }, context);
      }
      const known = [...scope.variables.keys()].map((variable) => `%${variable}`).join(", ");
      if (scope.definitions.has(name))
        fault(node, `%${name} is defined further down: a definition may use only those above it`);
      else fault(node, `unknown variable %${name} (available: ${known})`, variableNear(name));
      return undefined;
    }

    /** The variable or definition whose % was left out. */
    function variableOf(name: string): string | undefined {
      return namesHere().includes(name) ? `%${name}` : undefined;
    }

    function variableNear(name: string): string | undefined {
      const near = nearest(name, namesHere());
      return near && `%${near}`;
    }

    function namesHere(): string[] {
      return [...scope.variables.keys(), ...definitionsBefore(here.definition)];
    }

    let tree: Node;
    try {
      tree = scope.parse(here.text);
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      fault(error.offset, error.message);
      return undefined;
    }
    const useValueSet = (name: string) => void valueSets.add(name);
    const { valueSets: known, withoutNames } = scope;
    const warn = noteAs("warning");
    const walker: Walker = { fault, warn, walk, valueSets: known, withoutNames, useValueSet };
    for (const { at, reason } of negatedComparisons(tree)) warn(at, reason);
    return walk(tree, context, context);
  }

  /** The definitions in scope: within a definition, those before it. */
  function definitionsBefore(definition: string | undefined): string[] {
    const names = [...scope.definitions.keys()];
    return definition === undefined ? names : names.slice(0, names.indexOf(definition));
  }

  const types = walkText({ text: expression, definition: undefined }, []);
  return { types, variables: [...variables], valueSets: [...valueSets], definitions: [...definitions] };
}

const BOOLEAN: Types = ["System.Boolean"];
const YES_OR_NO = new Set(
  ["Equality", "Inequality", "And", "Or", "Implies", "Membership"].map((operation) => `${operation}Expression`),
);
const LITERALS: Record<string, Types> = {
  StringLiteral: ["System.String"],
  BooleanLiteral: BOOLEAN,
  NumberLiteral: ["System.Decimal"],
};
