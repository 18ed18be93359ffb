// Reads the elements of FHIR resources that the page shows.

/** Display name of a CodeableConcept. */
export function nameOf(concept) {
  const [coding] = concept?.coding ?? [];
  return concept?.text ?? coding?.display ?? coding?.code ?? "not named";
}

export function drugOf(record) {
  return nameOf(record.medicationCodeableConcept ?? { text: record.medicationReference?.display });
}

export function dateOf(record) {
  const { effectivePeriod: period, effectiveDateTime, whenHandedOver, authoredOn, recordedDate } = record;
  if (period) return period.end ? `${period.start} to ${period.end}` : `since ${period.start}`;
  return effectiveDateTime ?? whenHandedOver ?? authoredOn ?? recordedDate ?? "";
}

export const resourcesIn = (bundle) => (bundle?.entry ?? []).map(({ resource }) => resource).filter(Boolean);

/** Chart sources, in display order. */
export const SOURCES = [
  { key: "medicationStatements", heading: "Medications taken" },
  { key: "medicationDispenses", heading: "Medications dispensed" },
  { key: "medicationRequests", heading: "Medications prescribed" },
  { key: "allergies", heading: "Allergies and intolerances" },
  { key: "coverage", heading: "Coverage" },
];

/** A short description of a record: its name, and the rest. */
export function describe(key, record) {
  if (key === "coverage")
    return [record.payor?.map(({ display, reference }) => display ?? reference).join(", "), record.status];
  if (key === "allergies") {
    const status = nameOf(record.clinicalStatus);
    return [
      nameOf(record.code ?? record.reaction?.[0]?.substance),
      [status, dateOf(record)].filter(Boolean).join(", "),
    ];
  }
  return [drugOf(record), [record.status, dateOf(record)].filter(Boolean).join(", ")];
}
