// The types of FHIR R4 for FHIRPath: the elements of each type and their types. From fhirpath's model, which has no
// bindings, so codes are not checked against value sets.
import type { Model } from "fhirpath";
import r4 from "fhirpath/fhir-context/r4";

/**
 * The types that a value may have: FHIR's ("Dosage"), FHIRPath's ("System.Boolean"), or the path of an element with
 * elements of its own ("AllergyIntolerance.reaction"). Empty: there is no value. Undefined: not known.
 */
export type Types = readonly string[] | undefined;

const { path2Type, choiceTypePaths, type2Parent, pathsDefinedElsewhere, availableTypes } = r4 as Model & {
  path2Type: Record<string, string>;
  choiceTypePaths: Record<string, readonly string[]>;
  type2Parent: Record<string, string>;
  pathsDefinedElsewhere: Record<string, string>;
  availableTypes: ReadonlySet<string>;
};

/** Variables of card texts that are not FHIR types. */
const PLAIN: Record<string, readonly string[]> = {
  payer: ["name"],
  policy: ["title", "publisher", "date", "version"],
};

const TEXT = "System.String";

/** The types of one element of a type; undefined if not known, "none" if the type has no such element. */
export function elementOf(type: string, name: string): Types | "none" {
  const path = `${type}.${name}`;
  if (!elements.has(path)) elements.set(path, findElement(type, name));
  return elements.get(path);
}

/** Memoized: policies use few elements, again and again. */
const elements = new Map<string, Types | "none">();

function findElement(type: string, name: string): Types | "none" {
  if (PLAIN[type]) return PLAIN[type].includes(name) ? [TEXT] : "none";
  if (type === "Resource" || type === "DomainResource") return isElement(name) ? undefined : "none";
  for (const owner of withParents(type)) {
    const path = `${owner}.${name}`;
    const elsewhere = pathsDefinedElsewhere[path];
    if (elsewhere) return [elsewhere];
    const choices = choiceTypePaths[path]?.map((choice) => path2Type[path + choice]);
    if (choices) return choices.filter((choice) => choice !== undefined);
    const own = path2Type[path];
    if (own === "Resource") return undefined;
    if (own) return own === "Element" || own === "BackboneElement" ? [path] : [own];
  }
  return name === "resourceType" && isResource(type) ? [TEXT] : "none";
}

/** The type and its ancestors. An element with elements of its own is a BackboneElement. */
function* withParents(type: string): Generator<string> {
  yield type;
  const isPath = type.includes(".") && !type.startsWith("System.");
  const parent = isPath ? "BackboneElement" : type2Parent[type];
  if (parent) yield* withParents(parent);
}

/** The names of all elements of a type. */
export function elementsOf(type: string): string[] {
  return PLAIN[type] ? [...PLAIN[type]] : [...withParents(type)].flatMap((owner) => names().get(owner) ?? []);
}

let namesByOwner: Map<string, string[]> | undefined;

function names(): Map<string, string[]> {
  if (namesByOwner) return namesByOwner;
  namesByOwner = new Map();
  for (const path of Object.keys({ ...choiceTypePaths, ...path2Type, ...pathsDefinedElsewhere })) {
    const point = path.lastIndexOf(".");
    const owner = path.slice(0, point);
    namesByOwner.set(owner, [...(namesByOwner.get(owner) ?? []), path.slice(point + 1)]);
  }
  return namesByOwner;
}

const ELEMENTS = new Set([
  ...[...Object.keys(path2Type), ...Object.keys(choiceTypePaths)].map((path) => path.split(".").at(-1) ?? ""),
  ...Object.keys(type2Parent),
  "resourceType",
]);

/** Whether any R4 type has an element of that name, or is itself named so. */
export function isElement(name: string): boolean {
  return ELEMENTS.has(name);
}

export function everyElement(): Iterable<string> {
  return ELEMENTS;
}

/** Whether FHIR R4 has the type: a resource, data type, or primitive. */
export function isType(name: string): boolean {
  return availableTypes.has(name);
}

export function everyType(): Iterable<string> {
  return availableTypes;
}

function isResource(type: string): boolean {
  return [...withParents(type)].includes("Resource");
}

export const resourceTypes: ReadonlySet<string> = new Set([...availableTypes].filter(isResource));

/** Whether a value of one type may also be of the other. */
export function mayBe(type: string, other: string): boolean {
  return type === other || [...withParents(type)].includes(other) || [...withParents(other)].includes(type);
}

/** Not known if any of them is not. */
export function union(all: readonly Types[]): Types {
  if (all.length === 1) return all[0];
  return all.some((types) => types === undefined) ? undefined : [...new Set(all.flatMap((types) => types ?? []))];
}

const choices = Map.groupBy(Object.entries(choiceTypePaths), ([path]) => path.split(".").at(-1) ?? "");

/** An element's names in JSON: its own, or for `medication` medicationCodeableConcept and medicationReference. */
export function jsonNames(element: string): string[] {
  const types = (choices.get(element) ?? []).flatMap(([, names]) => names);
  return [element, ...new Set(types.map((type) => element + type))];
}
