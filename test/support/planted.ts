// What must never stand in a log: planted in the calls of every test, and looked for in the log of every service that a test starts.
import { CASE_PATIENT } from "../../src/cases/cases.ts";

/** Planted wherever a call holds a secret or something of a patient. */
export const PLANTED = {
  accessToken: "planted-access-token",
  patientName: "planted-patient-name",
  note: "planted-note",
  comment: "planted-comment",
} as const;

/** The signs of a JSON Web Token, of the patient and of whatever was planted. */
const NEVER_LOGGED = [/planted/, /\beyJ[\w-]+\.[\w-]+/, /Bearer [\w-]+\.[\w-]+/, new RegExp(CASE_PATIENT)];

export function leaksIn(lines: readonly string[]): string[] {
  return NEVER_LOGGED.filter((sign) => lines.some((line) => sign.test(line))).map(String);
}
