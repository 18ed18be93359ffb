// Checks the records that cases give in brief: a mistyped element is one that no expression reads, so that a case would pass for a
// patient other than its author meant.
import { type FhirObject, isObject } from "../fhir-json.ts";
import { elementOf, elementsOf, isType, jsonNames } from "../fhirpath/types.ts";
import type { Path, SourceFile } from "../load/source-file.ts";
import { nearest } from "./suggest.ts";

type Look = {
  /** What the object is, unless it says so itself. */
  readonly type: string;
  /** Objects that were looked at before: each is looked at once. */
  readonly looked: Set<FhirObject>;
};

/** Notes every element that FHIR R4 does not have. */
export function checkRecord(source: SourceFile, path: Path, record: FhirObject, { type, looked }: Look): void {
  if (looked.has(record)) return;
  looked.add(record);
  const { resourceType } = record;
  const own = typeof resourceType === "string" && isType(resourceType) ? resourceType : type;
  for (const [name, value] of Object.entries(record)) {
    const element = name.replace(/^_/, ""); // extensions of a primitive element stand under its name with an underscore
    const types = elementOf(own, element);
    const at = [...path, name];
    if (types === "none") {
      const known = elementsOf(own).flatMap(jsonNames);
      source.fault(at, `${own} has no ${name}`, { at: "key", suggestion: nearest(element, known) });
    } else if (types?.length === 1) checkValue(source, at, value, { type: types[0] ?? "", looked });
  }
}

function checkValue(source: SourceFile, path: Path, value: unknown, look: Look): void {
  if (Array.isArray(value))
    for (const [index, each] of value.entries()) checkValue(source, [...path, index], each, look);
  else if (isObject(value)) checkRecord(source, path, value, look);
}
