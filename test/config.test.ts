// Settings: defaults, and every wrong one named with what is allowed.
import { readFileSync } from "node:fs";
import { environment, readSettings } from "../src/config.ts";

test("defaults", () => {
  expect(readSettings({})).toEqual({
    host: "127.0.0.1",
    port: 3000,
    baseUrl: "http://127.0.0.1:3000",
    isProduction: false,
    clientsFile: undefined,
    jwtMaxAge: 900,
    rateLimit: 0,
    cardsDirectory: "cards",
    fhirServers: [],
    callDeadline: 2500,
    bodyLimit: 8 * 1024 * 1024,
    corsOrigins: ["*"],
    trustProxy: 0,
    exceptionCard: false,
    operator: "not stated",
    metricsPort: undefined,
    drainDelay: 0,
    hasPlayground: true,
    databaseUrl: "sqlite:data/cds.db",
    retention: 400,
    keepComments: false,
    logLevel: "info",
  });
});

test("an empty variable counts as not set, and .env.example holds the defaults of all of them", () => {
  const lines = readFileSync(".env.example", "utf8")
    .split("\n")
    .filter((line) => /^[A-Z]/.test(line));
  const example = Object.fromEntries(lines.map((line) => line.split("=")));
  expect(readSettings(example)).toEqual(readSettings({}));
  const names = Object.keys(environment.shape);
  expect(Object.keys(example).sort()).toEqual(names.filter((name) => name !== "NODE_ENV").sort());
});

test.each([
  ["PORT", "http", "whole number from 0 to 65535"],
  ["PORT", "70000", "whole number from 0 to 65535"],
  ["BASE_URL", "cds.example.org", "absolute http or https URL"],
  ["FHIR_SERVERS", "https://ehr.example.org/fhir,http://ehr.example.org/fhir", "https (http only for a loopback"],
  ["CALL_DEADLINE_MS", "0", "whole number from 100"],
  ["BODY_LIMIT", "8", "512kb or 8mb"],
  ["BODY_LIMIT", "0mb", "512kb or 8mb"],
  ["CORS_ORIGINS", "example", "* or origins"],
  ["TRUST_PROXY", "true", "whole number"],
  ["EXCEPTION_CARD", "yes", "true or false"],
  ["DATABASE_URL", "mysql://db", "sqlite:<path>"],
  ["DATABASE_URL", "sqlite::memory:", "sqlite:<path>"],
  ["RETENTION_DAYS", "0", "whole number from 1"],
  ["STORE_COMMENTS", "1", "true or false"],
  ["LOG_LEVEL", "loud", "fatal, error, warn"],
])("%s=%s is refused with what is allowed", (name, value, allowed) => {
  expect(() => readSettings({ [name]: value })).toThrow(
    new RegExp(`^${name} .*${allowed.replace(/[*()]/g, "\\$&")}`, "m"),
  );
});

test("all wrong settings are named at once", () => {
  expect(() => readSettings({ PORT: "x", LOG_LEVEL: "x" })).toThrow(/PORT .*\nLOG_LEVEL /);
});

test("production needs a public https address", () => {
  expect(() => readSettings({ NODE_ENV: "production" })).toThrow(/BASE_URL must be the public https address/);
  expect(() => readSettings({ NODE_ENV: "production", BASE_URL: "http://cds.example.org" })).toThrow(/BASE_URL/);
  const production = { NODE_ENV: "production", BASE_URL: "https://cds.example.org/", CLIENTS_FILE: "clients.yaml" };
  expect(readSettings(production).baseUrl).toBe("https://cds.example.org");
});

describe("who may call", () => {
  const production = { NODE_ENV: "production", BASE_URL: "https://cds.example.org" };

  test.each([
    ["production without registered clients", production, /^CLIENTS_FILE is required in production/m],
    ["an address that others reach, without registered clients", { HOST: "0.0.0.0" }, /^HOST must be a loopback/m],
    ["the same over IPv6", { HOST: "::" }, /^HOST must be a loopback/m],
    ["both ways at once", { CLIENTS_FILE: "c.yaml", ALLOW_ANONYMOUS: "true" }, /^ALLOW_ANONYMOUS must not be true/m],
    [
      "servers for all beside registered clients",
      { CLIENTS_FILE: "c.yaml", FHIR_SERVERS: "https://a.example" },
      /^FHIR_SERVERS/m,
    ],
    ["a token that may be very old", { JWT_MAX_AGE_S: "1000000" }, /^JWT_MAX_AGE_S must be a whole number from 60/m],
  ])("refused: %s", (_name, settings: Record<string, string>, message) => {
    expect(() => readSettings(settings)).toThrow(message);
  });

  test.each([
    ["loopback", {}],
    ["loopback over IPv6", { HOST: "::1" }],
    ["any address, when the operator says so", { HOST: "0.0.0.0", ALLOW_ANONYMOUS: "true" }],
    ["production, when the operator says so", { ...production, HOST: "0.0.0.0", ALLOW_ANONYMOUS: "true" }],
  ])("open mode: %s", (_name, settings: Record<string, string>) => {
    expect(readSettings(settings).clientsFile).toBeUndefined();
  });

  test("the rate is limited by default in production, and where others reach the service", () => {
    expect(readSettings({}).rateLimit).toBe(0);
    expect(readSettings({ ...production, CLIENTS_FILE: "clients.yaml" }).rateLimit).toBe(6000);
    expect(readSettings({ ...production, CLIENTS_FILE: "clients.yaml", RATE_LIMIT: "0" }).rateLimit).toBe(0);
    expect(readSettings({ HOST: "0.0.0.0", ALLOW_ANONYMOUS: "true" }).rateLimit).toBe(6000);
    expect(readSettings({ HOST: "0.0.0.0", ALLOW_ANONYMOUS: "true", RATE_LIMIT: "0" }).rateLimit).toBe(0);
  });
});

test("a size is read as bytes, in either case", () => {
  expect(readSettings({ BODY_LIMIT: "512kb" }).bodyLimit).toBe(524_288);
  expect(readSettings({ BODY_LIMIT: "1MB" }).bodyLimit).toBe(1_048_576);
});

test("http is allowed to a FHIR server on loopback", () => {
  const FHIR_SERVERS = "http://localhost:8080/fhir, http://[::1]:8080/fhir,http://127.0.0.1/fhir";
  expect(readSettings({ FHIR_SERVERS }).fhirServers).toHaveLength(3);
});
