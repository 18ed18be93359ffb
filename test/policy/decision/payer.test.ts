// Only a coverage that clearly names somebody else is another payer's, for a policy that gives no more than its payer's names.
import type { Source } from "../../../src/policy/decision/chart.ts";
import { matchPayer } from "../../../src/policy/decision/payer.ts";
import { commonWords, withCommonWords } from "../../../src/policy/decision/payer-words.ts";
import { mentions } from "../../../src/policy/terminology/terms.ts";
import { createTexts } from "../../../src/policy/terminology/texts.ts";

const plain = (...names: string[]) => ({
  ...{ name: "Example Plan", names, benefits: [], otherBenefits: [], selfPay: [], nobody: [] },
});
const coveredBy = (display: string): Source => {
  const coverage = { resourceType: "Coverage", status: "active", payor: [{ display }] };
  return { state: "read", records: [coverage], shortfalls: [], unreadable: 0, otherPatient: 0 };
};
const match = (display: string, ...names: string[]) =>
  matchPayer({ payer: withCommonWords(plain(...names)) }, coveredBy(display), createTexts());

const unclear = [
  ...["Unknown", "None", "N/A", "NA", "Other", "Not applicable", "Not available", "Not on file", "Not listed"],
  ...["Not provided", "TBD", "Uninsured", "Insured", "No insurance", "No Coverage", "Private Insurance", "Commercial"],
  ...[
    "Payer",
    "Payor",
    "Health Plan Inc.",
    "Health plan, LLC",
    "Medical",
    "Pharmacy",
    "Rx",
    "Pharmacy Benefit Manager",
  ],
  ...["Self-pay", "SelfPay", "Private pay", "Cash", "Cash pay", "Pay", "Delta Dental", "Acme DENTPRG", "Acme Vision"],
  ...["Acme VISPOL", "State Workers Compensation", "Worker's Compensation", "Workman's Compensation", "Workers Comp"],
  ...[
    "Worker's Comp",
    "Work Comp",
    "Acme WCBPOL",
    "Acme Auto",
    "Acme Automobile",
    "Acme AUTOPOL",
    "Acme Motor Vehicle",
  ],
  ...["Acme No-Fault", "Example Plan Dental"],
];
const others = ["Another Plan", "Seaside Health", "Pay Health of Ohio", "No Worries Health", "Private Health of Ohio"];
const own = [
  "Example Plan",
  "Example Plan of Ohio",
  "Example Plan Medical and Dental",
  "Example Plan Pharmacy, Vision",
];

test.each(unclear)("%s leaves the payer unknown", (name) => expect(match(name, "example plan")).toBe("unknown"));
test.each(others)("%s is another payer", (name) => expect(match(name, "example plan")).toBe("other"));
test.each([...own, "Example Plan Prescription and Auto"])("%s is the payer", (name) =>
  expect(match(name, "example plan")).toBe("this-payer"),
);

test("a benefit in the payer's own name is no other benefit", () => {
  expect(match("Vision Health", "vision health")).toBe("this-payer");
  expect(match("Vision Health Dental", "vision health")).toBe("unknown");
});

test("words that make up names leave the payer unknown also where one of them is the payer's", () => {
  expect(match("Health Plan", "example plan")).toBe("unknown");
});

test("each word stands in a name above", () => {
  const names = [...unclear, ...own, "Example Plan Prescription and Auto"];
  const words = Object.values(commonWords).flat();
  expect(words.filter((word) => !names.some((name) => mentions(name, [word])))).toEqual([]);
});

test.each([
  ["PPO with vision", "unknown"],
  ["Health and Dental", "unknown"],
  ["Auto-enrolled PPO", "unknown"],
  ["Dental PPO", "other"],
  ["Dental and Vision Plan", "other"],
])("the payer's coverage of the type %s beside another payer's leaves %s", (type, left) => {
  const coverage = (display: string, parts: object) => ({
    ...{ resourceType: "Coverage", status: "active", payor: [{ display }] },
    ...parts,
  });
  const records = [coverage("Example Plan", { type: { text: type } }), coverage("Another Plan", {})];
  const source: Source = { state: "read", records, shortfalls: [], unreadable: 0, otherPatient: 0 };
  expect(matchPayer({ payer: withCommonWords(plain("example plan")) }, source, createTexts())).toBe(left);
});
