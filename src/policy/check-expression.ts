// Checks the FHIRPath of a policy: known variables, definitions, functions and value sets, and every element along the path against the
// types of FHIR R4. A definition is looked at where it is used, since what stands before it may differ.

import { type Node, offsetOf, parseExpression, SyntaxFault, textOf } from "./fhirpath-tree.ts";
import { allowedFunctions } from "./functions-allowed.ts";
import { nearest } from "./suggest.ts";
import {
  elementOf,
  elementsOf,
  everyElement,
  everyType,
  isElement,
  isType,
  mayBe,
  resourceTypes,
  type Types,
} from "./types.ts";

/** What an expression may name. */
export type Scope = {
  /** By name, without %: the types of what each holds. */
  readonly variables: ReadonlyMap<string, Types>;
  readonly valueSets: ReadonlySet<string>;
  /** In their order: one may name those before it. */
  readonly definitions: ReadonlyMap<string, string>;
};

/** What an expression gives and asks about, its definitions included. */
export type Checked = {
  readonly types: Types;
  readonly variables: readonly string[];
  readonly valueSets: readonly string[];
  readonly definitions: readonly string[];
};

/** `definition` names the one in which the fault stands, if it is not the expression itself. */
export type ExpressionFault = {
  readonly definition: string | undefined;
  /** Characters from the start of the expression, or of the definition. */
  readonly offset: number;
  readonly reason: string;
  readonly suggestion: string | undefined;
};

type Text = { readonly text: string; readonly definition: string | undefined };

/** @param parseDefinition as parseExpression does; it may remember trees, since definitions are used again and again */
export function checkExpression(
  expression: string,
  scope: Scope,
  note: (fault: ExpressionFault) => void,
  parseDefinition: (text: string) => Node,
): Checked {
  const variables = new Set<string>();
  const valueSets = new Set<string>();
  const definitions = new Set<string>();

  function walkText(here: Text, context: Types): Types {
    const fault = (at: Node | number, reason: string, suggestion?: string) =>
      note({
        definition: here.definition,
        offset: typeof at === "number" ? at : offsetOf(here.text, at),
        reason,
        suggestion,
      });

    /** The types that a node gives. `focus`: of what it is called on; `context`: of $this. */
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
          return walkFunction(node, focus, context);
        case "ExternalConstantTerm":
          return walkVariable(node, context);
        case "ThisInvocation":
          return context;
        case "TypeExpression":
          if (first) walk(first, focus, context);
          return walkType(children[1], node.text === "as" ? "as" : "is");
        case "LiteralTerm":
          return LITERALS[first?.type ?? ""];
        default:
          for (const child of children) walk(child, focus, context);
          return YES_OR_NO.has(node.type) ? BOOLEAN : undefined;
      }
    }

    function walkElement(node: Node, focus: Types): Types {
      const name = (node.text ?? "").replace(/^`|`$/g, "");
      if (focus === undefined) {
        if (!isElement(name)) fault(node, `FHIR R4 has no element "${name}"`, nearest(name, everyElement()));
        return undefined;
      }
      if (focus.length === 0) {
        const known = [...scope.variables.keys()];
        const meant = known.includes(name) ? name : undefined;
        fault(
          node,
          `"${name}" is taken of nothing: begin with a variable, such as %${meant ?? known[0]}`,
          meant && `%${meant}`,
        );
        return undefined;
      }
      const found = focus.map((type) => elementOf(type, name)).filter((types) => types !== "none");
      if (found.length > 0) return union(found);
      if (/^[A-Z]/.test(name) && focus.some((type) => mayBe(type, name))) return focus; // a path may begin with its type
      const owner = focus.length === 1 ? `${focus[0]} has no` : `none of ${focus.slice(0, 4).join(", ")} has an`;
      fault(node, `${owner} element "${name}"`, nearest(name, focus.flatMap(elementsOf)));
      return undefined;
    }

    function walkVariable(node: Node, context: Types): Types {
      const name = node.text ?? "";
      if (scope.variables.has(name)) {
        variables.add(name);
        return scope.variables.get(name);
      }
      const open = definitionsBefore(here.definition);
      const definition = open.includes(name) ? scope.definitions.get(name) : undefined;
      if (definition !== undefined) {
        definitions.add(name);
        return walkText({ text: definition, definition: name }, context);
      }
      const known = [...scope.variables.keys()].map((variable) => `%${variable}`).join(", ");
      if (scope.definitions.has(name)) fault(node, `the definition %${name} may only be used below it`);
      else
        fault(
          node,
          `unknown variable %${name} (there are ${known})`,
          nearest(name, [...scope.variables.keys(), ...open])?.replace(/^/, "%"),
        );
      return undefined;
    }

    function walkFunction(node: Node, focus: Types, context: Types): Types {
      const name = node.text ?? "";
      const args = node.children?.[0]?.children?.find(({ type }) => type === "ParamList")?.children ?? [];
      const signature = allowedFunctions.get(name);
      if (!signature) {
        fault(node, `function ${name}() is not one that a policy may use`, nearest(name, allowedFunctions.keys()));
        return undefined;
      }
      const [fewest, most] = signature.arguments;
      if (args.length < fewest || args.length > most) {
        fault(
          node,
          `${name}() takes ${fewest === most ? fewest : `${fewest} to ${most}`} argument${most === 1 ? "" : "s"}, not ${args.length}`,
        );
        return undefined;
      }
      const { on } = signature;
      if (on && focus?.length && !focus.some((type) => on.some((one) => mayBe(type, one)))) {
        fault(
          node,
          `${name}() is asked of ${focus.join(" and ")}; it knows only ${on.filter((type) => !type.startsWith("System.")).join(", ")}`,
        );
      }
      if (signature.names) checkName(signature.names, args[0], node);
      if (signature.gives === "type") return walkType(args[0], "as");
      const given = args.map((arg) => walk(arg, signature.each ? focus : context, signature.each ? focus : context));
      if (signature.gives === "items") return focus;
      if (signature.gives === "argument") return given[0];
      if (signature.gives === "branches") return union(given.slice(1));
      if (signature.gives === "both") return union([focus, given[0]]);
      return [signature.gives];
    }

    function checkName(kind: "value set" | "resource type", argument: Node | undefined, call: Node): void {
      const name = textOf(argument);
      if (name === undefined) {
        fault(call, `${call.text}() takes the name of a ${kind} in quotes`);
        return;
      }
      if (kind === "value set") valueSets.add(name);
      const known = kind === "value set" ? scope.valueSets : resourceTypes;
      const [at = call] = argument?.children ?? [];
      if (!known.has(name)) fault(at, `there is no ${kind} "${name}"`, nearest(name, known));
    }

    function walkType(node: Node | undefined, use: "is" | "as"): Types {
      const name = (node?.text ?? leafText(node)).replace(/^FHIR\./, "");
      const at = [...leaves(node)].find(({ start }) => start) ?? node ?? 0;
      const isKnown = name.startsWith("System.") || isType(name);
      if (!isKnown) fault(at, `FHIR R4 has no type "${name}"`, nearest(name, everyType()));
      if (use === "is") return BOOLEAN;
      return isKnown ? [name] : undefined;
    }

    let tree: Node;
    try {
      tree = here.definition === undefined ? parseExpression(here.text) : parseDefinition(here.text);
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      fault(error.offset, error.message);
      return undefined;
    }
    return walk(tree, context, context);
  }

  /** The definitions that may be named: within one, those before it. */
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

/** The types of either; not known where one of them is not. */
function union(all: readonly Types[]): Types {
  if (all.length === 1) return all[0];
  return all.some((types) => types === undefined) ? undefined : [...new Set(all.flatMap((types) => types ?? []))];
}

function* leaves(node: Node | undefined): Generator<Node> {
  if (!node) return;
  if (!node.children?.length) yield node;
  for (const child of node.children ?? []) yield* leaves(child);
}

function leafText(node: Node | undefined): string {
  return [...leaves(node)].map(({ text }) => text ?? "").join(".");
}
