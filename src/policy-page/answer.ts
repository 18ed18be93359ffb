// GET /policies/{policy}: the policy as HTML or JSON, by the Accept header. Public, and rendered once at startup.
import type { RequestHandler } from "express";
import { CallError } from "../http/errors.ts";
import type { Policy } from "../policy/format/policy.ts";
import { describePolicy } from "./describe.ts";
import { STYLE_SOURCE, writePage } from "./page.ts";

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src ${STYLE_SOURCE}`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export function answerPolicy(policies: readonly Policy[], operator: string): RequestHandler<{ policy: string }> {
  const pages = new Map(
    policies.map((policy) => {
      const description = describePolicy(policy, operator);
      return [policy.id, { html: writePage(description), json: JSON.stringify(description) }] as const;
    }),
  );
  return ({ params }, response, next) => {
    const page = pages.get(params.policy);
    if (!page) return next(new CallError(404, "not-found", "No such policy"));
    response.format({
      html: () => response.set("Content-Security-Policy", CONTENT_SECURITY_POLICY).send(page.html),
      json: () => response.send(page.json),
      default: () => next(new CallError(406, "not-supported", "Accept must allow text/html or application/json")),
    });
  };
}
