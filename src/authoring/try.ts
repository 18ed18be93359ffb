// `npm run policy -- try`: tries a policy on one request. If the file is unusable, prints a minimal one that works.
import { parseArgs } from "node:util";
import type { Policy } from "../policy/format/policy.ts";
import type { Command } from "./command.ts";
import { type OpenPolicy, openPolicy } from "./open-policy.ts";
import { readCall } from "./read-call.ts";
import { type Trial, tryOn } from "./trial.ts";
import { writeTrial } from "./try-text.ts";

export const tryPolicy: Command = {
  usage: "<policy> <request.json | bundle.json> [--cards dir] [--format text|json]",
  async run(args, { stdout }) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { cards: { type: "string", default: "cards" }, format: { type: "string", default: "text" } },
    });
    const [name, file, ...more] = positionals;
    if (more.length > 0) throw new TypeError("name one policy and one file");
    if (!["text", "json"].includes(values.format)) throw new TypeError("--format must be text or json");
    const opened = openPolicy(values.cards, name);
    const trial = await tryFile(opened, file);
    stdout.write(values.format === "json" ? `${JSON.stringify(trial, null, 2)}\n` : writeTrial(trial));
    return 0;
  },
};

/** @throws TypeError that says what is wrong with the file and shows a minimal one */
async function tryFile(opened: OpenPolicy, file: string | undefined): Promise<Trial> {
  try {
    if (file === undefined) throw new TypeError("name the file with the request or the Bundle");
    return await tryOn(opened, readCall(file), file);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const bundle = JSON.stringify(smallestBundle(opened.policy), null, 2);
    throw new TypeError(
      `${error.message}\nThe smallest valid file is a Bundle with only the draft order:\n${bundle}\n`,
    );
  }
}

/** A draft order of the non-preferred product for a patient without records. */
function smallestBundle({ terminology, nonPreferred }: Policy) {
  const [concept] = terminology.sets.get(nonPreferred.valueSet)?.concepts ?? [];
  const drug = concept ? { coding: [{ system: concept.system, code: concept.code }] } : { text: nonPreferred.name };
  const order = {
    status: "draft",
    intent: "order",
    subject: { reference: "Patient/1" },
    medicationCodeableConcept: drug,
  };
  return {
    resourceType: "Bundle",
    type: "collection",
    entry: [{ resource: { resourceType: "MedicationRequest", id: "1", ...order } }],
  };
}
