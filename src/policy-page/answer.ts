// GET /policies/{policy}: the page, or the same as JSON, as the Accept header asks.
import type { RequestHandler } from "express";
import { CallError } from "../cds-hooks/errors.ts";
import type { Policy } from "../policy/format/policy.ts";
import { describePolicy } from "./describe.ts";
import { STYLE_SOURCE, writePage } from "./page.ts";

export function answerPolicy(policies: readonly Policy[], operator: string): RequestHandler<{ policy: string }> {
  return ({ params }, response, next) => {
    const policy = policies.find(({ id }) => id === params.policy);
    if (!policy) return next(new CallError(404, "not-found", "There is no such policy"));
    const description = describePolicy(policy, operator);
    response.format({
      html() {
        response
          .set(
            "Content-Security-Policy",
            `default-src 'none'; style-src ${STYLE_SOURCE}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
          )
          .send(writePage(description));
      },
      json: () => response.json(description),
      default: () => next(new CallError(406, "not-supported", "Accept must allow text/html or application/json")),
    });
  };
}
