// The one error type that callers see, and its OperationOutcome. Thrown anywhere; answered in answer-failure.ts.
import type { OperationOutcome } from "fhir/r4.js";

type IssueType = OperationOutcome["issue"][number]["code"];

type More = Partial<Pick<CallError, "expression" | "headers" | "note">> & { readonly code?: string };

/** An error that the caller may see. Messages name the field and the fix, and never quote the request. */
export class CallError extends Error {
  readonly status: number;
  readonly issue: IssueType;
  /** Paths of the elements at fault, such as `context.patientId`. */
  readonly expression: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** A stable code: `issue.details.coding.code`. */
  readonly code: string | undefined;
  /** For the log only. */
  readonly note: Readonly<Record<string, unknown>>;

  constructor(status: number, issue: IssueType, message: string, more: More = {}) {
    super(message);
    this.status = status;
    this.issue = issue;
    this.expression = more.expression ?? [];
    this.headers = more.headers ?? {};
    this.code = more.code;
    this.note = more.note ?? {};
  }
}

export function toOperationOutcome({ issue, message, expression, code }: CallError): OperationOutcome {
  const where = expression.length > 0 ? { expression: [...expression] } : {};
  const details = code === undefined ? {} : { details: { coding: [{ code }] } };
  return {
    resourceType: "OperationOutcome",
    issue: [{ severity: "error", code: issue, ...details, diagnostics: message, ...where }],
  };
}
