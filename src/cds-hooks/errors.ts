// What a caller may see when a call cannot be answered, and how it becomes an OperationOutcome. Thrown anywhere, turned
// into an answer in one place (app.ts).
import type { OperationOutcome } from "fhir/r4.js";

type IssueType = OperationOutcome["issue"][number]["code"];

/** A failure that the caller may see. Messages name the field and the fix; they never quote what came. */
export class CallError extends Error {
  readonly status: number;
  readonly issue: IssueType;
  /** Paths of the elements at fault, such as `context.patientId`. */
  readonly expression: readonly string[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    issue: IssueType,
    message: string,
    { expression = [], headers = {} }: { expression?: readonly string[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.issue = issue;
    this.expression = expression;
    this.headers = headers;
  }
}

export function toOperationOutcome({ issue, message, expression }: CallError): OperationOutcome {
  const where = expression.length > 0 ? { expression: [...expression] } : {};
  return {
    resourceType: "OperationOutcome",
    issue: [{ severity: "error", code: issue, diagnostics: message, ...where }],
  };
}
