// The FHIRPath functions that a policy may use, with their signatures for the check. None reaches the network or
// changes data.

type Signature = {
  /** Minimum and maximum number of arguments. */
  readonly arguments: readonly [number, number];
  /**
   * What it returns: the items that it was called on, its first argument, one of its branches, items and argument
   * combined, the named type, or a fixed type.
   */
  readonly gives: "items" | "argument" | "branches" | "both" | "type" | `System.${string}`;
  /** Its arguments are evaluated with $this as each item in turn. */
  readonly each?: true;
  /** Unless an item has one of these types, the result is always false. */
  readonly on?: readonly string[];
  /** What its one argument, a quoted string, names. */
  readonly names?: "value set" | "resource type";
};

const yesOrNo = { gives: "System.Boolean" } as const;
const text = { gives: "System.String" } as const;
const none = { arguments: [0, 0] } as const;
const one = { arguments: [1, 1] } as const;
const CODED = ["CodeableConcept", "Coding", "Reference"];
const DATED = ["date", "dateTime", "instant", "Period", "string", "System.Date", "System.DateTime", "System.String"];

const SIGNATURES = {
  all: { ...one, ...yesOrNo, each: true },
  allTrue: { ...none, ...yesOrNo },
  as: { ...one, gives: "type" },
  combine: { ...one, gives: "both" },
  contains: { ...one, ...yesOrNo },
  count: { ...none, gives: "System.Integer" },
  distinct: { ...none, gives: "items" },
  empty: { ...none, ...yesOrNo },
  endsWith: { ...one, ...yesOrNo },
  exists: { arguments: [0, 1], ...yesOrNo, each: true },
  first: { ...none, gives: "items" },
  iif: { arguments: [2, 3], gives: "branches", each: true },
  inFuture: { ...none, ...yesOrNo, on: DATED },
  inPast: { ...none, ...yesOrNo, on: DATED },
  isDate: { ...none, ...yesOrNo, on: DATED },
  join: { arguments: [0, 1], ...text },
  last: { ...none, gives: "items" },
  lower: { ...none, ...text },
  matches: { arguments: [1, 2], ...yesOrNo },
  memberOf: { ...one, ...yesOrNo, on: CODED, names: "value set" },
  mentions: { ...one, ...yesOrNo, names: "value set" },
  named: { ...none, ...text, on: CODED },
  not: { ...none, ...yesOrNo },
  ofType: { ...one, gives: "type" },
  refersTo: { ...one, ...yesOrNo, on: ["Reference"], names: "resource type" },
  replace: { arguments: [2, 2], ...text },
  says: { ...one, ...yesOrNo },
  select: { ...one, gives: "argument", each: true },
  single: { ...none, gives: "items" },
  startsWith: { ...one, ...yesOrNo },
  tail: { ...none, gives: "items" },
  take: { ...one, gives: "items" },
  toString: { ...none, ...text },
  today: { ...none, gives: "System.Date" },
  trim: { ...none, ...text },
  upper: { ...none, ...text },
  where: { ...one, gives: "items", each: true },
} satisfies Record<string, Signature>;

export const allowedFunctions: ReadonlyMap<string, Signature> = new Map(Object.entries(SIGNATURES));
