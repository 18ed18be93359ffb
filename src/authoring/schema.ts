// `npm run policy -- schema`: the JSON Schema of policy.yaml or cases.yaml, by which an editor completes and explains while one
// writes. Made of the schema that the service itself reads them with; `npm run docs` keeps both in cards/.
import { z } from "zod";
import { caseFileSchema } from "../policy/format/case-file.ts";
import { policyFileSchema } from "../policy/format/policy-file.ts";
import type { Command } from "./command.ts";

const SCHEMAS: Readonly<Record<string, z.ZodType>> = { policy: policyFileSchema, cases: caseFileSchema };

export const schema: Command = {
  usage: "policy|cases",
  async run([name = "", ...more], { stdout }) {
    const known = Object.hasOwn(SCHEMAS, name) ? SCHEMAS[name] : undefined;
    if (!known || more.length > 0) throw new TypeError("name one schema: policy or cases");
    stdout.write(`${JSON.stringify(z.toJSONSchema(known, { io: "input" }), null, 2)}\n`);
    return 0;
  },
};
