// What is found wrong with policies, for their authors: where it stands, why it is wrong, and what may have been meant.

export type Finding = {
  readonly file: string;
  /** Both from 1, as editors count. 1 and 1 for the file as a whole. */
  readonly line: number;
  readonly column: number;
  /** The keys that lead there, with points between them: `criteria.1.show`. Empty for the file as a whole. */
  readonly place: string;
  readonly reason: string;
  readonly suggestion: string | undefined;
};

/** A finding on a file as a whole. */
export function wholeFile(file: string, reason: string): Finding {
  return { file, line: 1, column: 1, place: "", reason, suggestion: undefined };
}

/** A fault keeps the service from starting; a warning does not. */
export type Findings = { readonly faults: readonly Finding[]; readonly warnings: readonly Finding[] };

/** One finding on one line, in the form that editors and CI link to the file. */
export function writeFinding({ file, line, column, place, reason, suggestion }: Finding): string {
  const meant = suggestion === undefined ? "" : `, did you mean "${suggestion}"?`;
  return `${file}:${line}:${column}: ${place && `${place}: `}${reason}${meant}`;
}

/** All faults of all policies. The message lists them, one a line. */
export class PolicyFaults extends Error {
  readonly faults: readonly Finding[];
  constructor(faults: readonly Finding[]) {
    super(faults.map(writeFinding).join("\n"));
    this.faults = faults;
  }
}

/** Takes findings down, each once: a definition is looked at wherever it is used. */
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
