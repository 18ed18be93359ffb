// Findings in policies for their authors: the position, the reason, and a suggestion.

export type Finding = {
  readonly file: string;
  /** Line and column from 1, as in editors; 1:1 for the whole file. */
  readonly line: number;
  readonly column: number;
  /** The path of keys, such as `criteria.1.show`. Empty for the whole file. */
  readonly place: string;
  readonly reason: string;
  readonly suggestion: string | undefined;
};

export function wholeFile(file: string, reason: string): Finding {
  return { file, line: 1, column: 1, place: "", reason, suggestion: undefined };
}

/** A fault keeps the service from starting; a warning does not. */
export type Findings = { readonly faults: readonly Finding[]; readonly warnings: readonly Finding[] };

/** A finding on one line, in the format that editors and CI link to the file. */
export function writeFinding({ file, line, column, place, reason, suggestion }: Finding): string {
  const meant = suggestion === undefined ? "" : `, did you mean "${suggestion}"?`;
  return `${file}:${line}:${column}: ${place && `${place}: `}${reason}${meant}`;
}

/** All faults of all policies. The message lists them, one per line. */
export class PolicyFaults extends Error {
  readonly faults: readonly Finding[];
  constructor(faults: readonly Finding[]) {
    super(faults.map(writeFinding).join("\n"));
    this.faults = faults;
  }
}

/** Collects findings, each once: a definition is checked wherever it is used. */
export type Notes = { fault(finding: Finding): void; warn(finding: Finding): void };

export function takeNotes(): Notes & Findings {
  const faults: Finding[] = [];
  const warnings: Finding[] = [];
  const known = new Set<string>();
  const noteIn = (list: Finding[]) => (finding: Finding) => {
    const written = writeFinding(finding);
    if (!known.has(written)) list.push(finding);
    known.add(written);
  };
  return { faults, warnings, fault: noteIn(faults), warn: noteIn(warnings) };
}
