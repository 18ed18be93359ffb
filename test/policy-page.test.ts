// The policy page: readable HTML without script, the same as JSON, and everything that a reader needs to check a card.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express from "express";
import { loadPolicies } from "../src/policy/load/load.ts";
import { answerPolicy } from "../src/policy-page/answer.ts";
import { type Service, startService } from "./support/service.ts";

let service: Service;
beforeAll(async () => {
  service = await startService({ operator: "<b>Example Health</b>" });
});
afterAll(() => service.stop());
const get = (accept: string) => service.request("GET", "/policies/imatinib-preferred", { headers: { accept } });

test("HTML for people: products, criteria in words and FHIRPath, codes with their sources, history, publisher, operator", async () => {
  const { status, headers, text } = await get("text/html,application/xhtml+xml");
  expect(status).toBe(200);
  expect(headers.get("content-type")).toContain("text/html");
  for (const part of [
    "Oncology – Imatinib Preferred Specialty Management Policy",
    "Published by Cigna, reviewed 2026-03-25",
    "Gleevec",
    "generic imatinib tablets",
    "Patient has tried generic imatinib tablets",
    "%medicationStatements.where(",
    "rxnorm|404589",
    "independent sources",
    "verified: false",
    "Documentation required was added",
    "&lt;b&gt;Example Health&lt;/b&gt;",
  ]) {
    expect(text).toContain(part);
  }
});

test("nothing on it is loaded or run", async () => {
  const { headers, text } = await get("text/html");
  expect(headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-[^']+';/);
  expect(text).not.toMatch(/<script|<link|<img| on\w+=|https?:\/\/[^|<]*\.js/);
});

test("JSON for programs", async () => {
  const { body } = await get("application/json");
  expect(body).toMatchObject({
    id: "imatinib-preferred",
    reviewDate: "2026-03-25",
    products: { nonPreferred: { name: "Gleevec" } },
    criteria: [
      { id: "1A", decides: false },
      { id: "1B", decides: true },
      { id: "1C", decides: true },
    ],
  });
  expect((body as { history: unknown[] }).history).toHaveLength(4);
});

test("406 for what it cannot give", async () => {
  expect((await get("image/png")).status).toBe(406);
});

test("it is written once, at the start: however often it is asked for, nothing of the policy is read again", async () => {
  let reads = 0;
  const counted = loadPolicies("cards").map(
    (policy) =>
      new Proxy(policy, {
        get(target, name) {
          reads += 1;
          return Reflect.get(target, name);
        },
      }),
  );
  const handler = answerPolicy(counted, "Test Operator");
  const readAtStart = reads;
  expect(readAtStart).toBeGreaterThan(0);
  const server = express().get("/policies/:policy", handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/policies/imatinib-preferred`;
  for (const accept of ["text/html", "application/json", "text/html"]) {
    expect((await fetch(url, { headers: { accept } })).status).toBe(200);
  }
  expect(reads).toBe(readAtStart);
  server.closeAllConnections();
  server.close();
});
