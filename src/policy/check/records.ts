// Checks the records of cases: no expression reads a mistyped element, so the case would test a different patient than
// intended.
import { type FhirObject, isObject } from "../fhir-json.ts";
import { elementOf, elementsOf, isType, jsonNames } from "../fhirpath/types.ts";
import type { Path, SourceFile } from "../load/source-file.ts";
import { nearest } from "./suggest.ts";

type Context = {
  /** The object's type, unless it has a resourceType. */
  readonly type: string;
  /** Objects already checked, so that each is checked once. */
  readonly checked: Set<FhirObject>;
};

/** Reports every element that FHIR R4 does not have. */
export function checkRecord(source: SourceFile, path: Path, record: FhirObject, { type, checked }: Context): void {
  if (checked.has(record)) return;
  checked.add(record);
  const { resourceType } = record;
  const own = typeof resourceType === "string" && isType(resourceType) ? resourceType : type;
  for (const [name, value] of Object.entries(record)) {
    const element = name.replace(/^_/, ""); // _name has the extensions of a primitive element
    const types = elementOf(own, element);
    const at = [...path, name];
    if (types === "none") {
      const known = elementsOf(own).flatMap(jsonNames);
      source.fault(at, `${own} has no ${name}`, { at: "key", suggestion: nearest(element, known) });
    } else if (types?.length === 1) checkValue(source, at, value, { type: types[0] ?? "", checked });
  }
}

function checkValue(source: SourceFile, path: Path, value: unknown, context: Context): void {
  if (Array.isArray(value))
    for (const [index, each] of value.entries()) checkValue(source, [...path, index], each, context);
  else if (isObject(value)) checkRecord(source, path, value, context);
}
