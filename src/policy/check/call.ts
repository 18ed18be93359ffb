// Checks function calls in FHIRPath: whether a policy may use the function, its arguments, and the types it returns.

import { allowedFunctions } from "../fhirpath/allowed-functions.ts";
import { argumentsOf, type Node, textOf } from "../fhirpath/tree.ts";
import { everyType, isType, mayBe, resourceTypes, type Types, union } from "../fhirpath/types.ts";
import { nearest } from "./suggest.ts";

/** The part of the expression walk that a call needs. */
export type Walker = {
  /** @param at a node, or characters from the start of the expression */
  fault(at: Node | number, reason: string, suggestion?: string): void;
  warn(at: Node | number, reason: string): void;
  /** The types that a node returns. @param focus the types it is called on @param context the types of $this */
  walk(node: Node, focus: Types, context: Types): Types;
  readonly valueSets: ReadonlySet<string>;
  /** Those without substance names. */
  readonly withoutNames: ReadonlySet<string>;
  useValueSet(name: string): void;
};

/** The types that a call returns; not known if the call is invalid. */
export function walkCall(walker: Walker, node: Node, focus: Types, context: Types): Types {
  const { fault, walk } = walker;
  const name = node.text ?? "";
  const args = argumentsOf(node);
  const signature = allowedFunctions.get(name);
  if (!signature) {
    fault(node, `function ${name}() is not available to policies`, nearest(name, allowedFunctions.keys()));
    return undefined;
  }
  const [fewest, most] = signature.arguments;
  if (args.length < fewest || args.length > most) {
    const takes = fewest === most ? fewest : `${fewest} to ${most}`;
    fault(node, `${name}() takes ${takes} argument${most === 1 ? "" : "s"}, not ${args.length}`);
    return undefined;
  }
  const { on, names, each, gives } = signature;
  if (on && focus?.length && !focus.some((type) => on.some((one) => mayBe(type, one)))) {
    const known = on.filter((type) => !type.startsWith("System.")).join(", ");
    fault(node, `${name}() applies to ${known}, not to ${focus.join(", ")}`);
  }
  if (names) checkName(walker, names, args[0], node);
  if (gives === "type") return walkType(walker, args[0]);
  const inside = each ? focus : context;
  const given = args.map((arg) => walk(arg, inside, inside));
  if (gives === "items") return focus;
  if (gives === "argument") return given[0];
  if (gives === "branches") return union(given.slice(1));
  if (gives === "both") return union([focus, given[0]]);
  return [gives];
}

function checkName(
  { fault, warn, valueSets, withoutNames, useValueSet }: Walker,
  kind: "value set" | "resource type",
  argument: Node | undefined,
  call: Node,
): void {
  const name = argument && textOf(argument);
  if (name === undefined) {
    fault(call, `${call.text}() takes the name of a ${kind} in quotes`);
    return;
  }
  if (kind === "value set") useValueSet(name);
  const known = kind === "value set" ? valueSets : resourceTypes;
  const [at = call] = argument?.children ?? [];
  if (!known.has(name)) fault(at, `there is no ${kind} "${name}"`, nearest(name, known));
  else if (call.text === "mentions" && withoutNames.has(name)) {
    warn(at, `no text can mention "${name}": it has no names under substances.sets`);
  }
}

/** The type that a node names. */
export function walkType({ fault }: Walker, node: Node | undefined): Types {
  const parts = [...leavesOf(node)];
  const name = (node?.text ?? parts.map(({ text }) => text ?? "").join(".")).replace(/^FHIR\./, "");
  if (name.startsWith("System.") || isType(name)) return [name];
  fault(
    parts.find(({ start }) => start !== undefined) ?? 0,
    `FHIR R4 has no type "${name}"`,
    nearest(name, everyType()),
  );
  return undefined;
}

function* leavesOf(node: Node | undefined): Generator<Node> {
  if (!node) return;
  if (!node.children?.length) yield node;
  for (const child of node.children ?? []) yield* leavesOf(child);
}
