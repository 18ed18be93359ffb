// How far back a report goes. Two who ask for the same days ask for the same report.
import { sinceOf } from "../../src/store/since.ts";

const NOON = Date.parse("2026-11-24T12:34:56Z");

test.each([
  ["30d", "2026-10-25T00:00:00.000Z"],
  ["0d", "2026-11-24T00:00:00.000Z"],
  ["2026-11-01", "2026-11-01T00:00:00.000Z"],
  ["yesterday", undefined],
  ["-1d", undefined],
])("%s", (text, since) => {
  expect(sinceOf(text, NOON)).toBe(since);
});
