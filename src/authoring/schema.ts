// `npm run policy -- schema`: writes the JSON Schema of policy.yaml or cases.yaml, which editors use for completion and
// hints. Generated from the service's own schema; `npm run docs` writes both to cards/.
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
