// Makes a folder of many policies of one: each copy speaks of another drug, by name and by code.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const TEMPLATE = "cards/imatinib-preferred";

/** @param directory exists, and is empty */
export function makePolicies(directory: string, count: number): void {
  const files = readdirSync(TEMPLATE, { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(join(TEMPLATE, path)).isFile())
    .map((path) => ({ path: join("imatinib-preferred", path), text: readFileSync(join(TEMPLATE, path), "utf8") }));
  for (let number = 1; number <= count; number += 1) {
    for (const { path, text } of files) {
      const copy = join(directory, renamed(path, number));
      mkdirSync(dirname(copy), { recursive: true });
      writeFileSync(copy, recoded(renamed(text, number), number));
    }
  }
}

function renamed(text: string, number: number): string {
  const name = inLetters(number);
  return text
    .replaceAll("imatinib", `${name}nib`)
    .replaceAll("Imatinib", `${name[0]?.toUpperCase()}${name.slice(1)}nib`)
    .replaceAll("IMATINIB", `${name.toUpperCase()}NIB`)
    .replaceAll("gleevec", `${name}vec`)
    .replaceAll("Gleevec", `${name[0]?.toUpperCase()}${name.slice(1)}vec`)
    .replaceAll("GLEEVEC", `${name.toUpperCase()}VEC`);
}

/** Codes of digits in quotes, and NDCs: two that differ still do. */
function recoded(text: string, number: number): string {
  return text
    .replace(/(['"])(\d{5,18})\1/g, (_, quote, code) => `${quote}${number}${code}${quote}`)
    .replace(
      /\b(\d{4,5})-(\d{3,4})\b/g,
      (_, labeler, product) => `${((Number(labeler) + number) % 90_000) + 10_000}-${product}`,
    );
}

/** A made-up stem of a drug's name, such as "zadu": definitions and templates take letters only. */
function inLetters(number: number): string {
  const digits = String(number).padStart(3, "0");
  return [...digits].map((digit, index) => "bdfgklmprs"[Number(digit)] + ("aou"[index] ?? "a")).join("");
}
