// compose.yaml and nginx.conf: well formed, hardened, and in agreement with each other, with the service's settings and with the image.
import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { readSettings } from "../../src/config.ts";
import { last, pairsOf, readDockerfile } from "./dockerfile.ts";
import { unknownSettings } from "./settings.ts";

const image = readDockerfile("Dockerfile");
const duration = z.string().regex(/^\d+s$/);
const service = z.strictObject({
  image: z.string().regex(/:./, "must name a version"),
  build: z.literal(".").optional(),
  restart: z.literal("unless-stopped"),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  user: z.string().optional(),
  read_only: z.literal(true),
  tmpfs: z.array(z.string()),
  cap_drop: z.tuple([z.literal("ALL")]).optional(),
  security_opt: z.tuple([z.literal("no-new-privileges:true")]),
  mem_limit: z.string().optional(),
  stop_grace_period: duration.optional(),
  healthcheck: z.strictObject({ test: z.array(z.string()), interval: duration, timeout: duration }).optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.literal("service_healthy") })).default({}),
});
const compose = z
  .strictObject({
    name: z.string(),
    "x-cds": z.unknown(),
    services: z.strictObject({ "cds-1": service, "cds-2": service, nginx: service, postgres: service }),
    volumes: z.strictObject({ postgres: z.null() }),
  })
  .parse(parse(readFileSync("compose.yaml", "utf8")));
const { "cds-1": one, "cds-2": two, nginx, postgres } = compose.services;
const conf = readFileSync("deploy/nginx.conf", "utf8").replace(/^\s*#.*$/gm, "");
const directive = (name: string) => new RegExp(`^\\s*${name}\\s+([^;]+);`, "m").exec(conf)?.[1];

/** As compose fills in variables that are set by `given`, or have a default. */
const fillIn = (text: string, given: Record<string, string> = {}) =>
  text.replace(/\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}/g, (_all, name, otherwise) => given[name] ?? otherwise ?? "");

test("the service's settings are known and taken, also in production", () => {
  expect(unknownSettings(Object.keys(one.environment))).toEqual([]);
  expect(two).toEqual(one);
  const given = { BASE_URL: "https://cds.example.org", POSTGRES_PASSWORD: "word" };
  const filled = Object.entries(one.environment).map(([name, value]) => [name, fillIn(value, given)]);
  const settings = readSettings({ ...pairsOf(image, "ENV"), ...Object.fromEntries(filled) });
  expect(settings.isProduction).toBe(true);
  expect(settings.databaseUrl).toBe(`postgres://${postgres.environment.POSTGRES_USER}:word@postgres/cds`);
  expect(settings.trustProxy).toBe(1);
  expect(settings.bodyLimit).toBe(readSettings({ BODY_LIMIT: `${directive("client_max_body_size")}b` }).bodyLimit);
  expect(directive("server")).toMatch(`cds-1:${settings.port}`);
});

test("no secret stands in it, and without one it does not start", () => {
  expect(one.environment.DATABASE_URL).toContain(":${POSTGRES_PASSWORD:?");
  expect(postgres.environment.POSTGRES_PASSWORD).toMatch(/^\$\{POSTGRES_PASSWORD:\?/);
});

test("files that are mounted are there, and what the image may write is in memory", () => {
  const paths = [one, nginx].flatMap(({ volumes }) => volumes.map((text) => fillIn(text).split(":")[0] ?? ""));
  expect(paths.length).toBe(3);
  expect(paths.filter((path) => !path.startsWith("./") || !existsSync(path))).toEqual([]);
  expect(one.volumes.every((text) => text.endsWith(":ro"))).toBe(true);
  expect(one.tmpfs).toEqual([last(image, "VOLUME")]);
});

test("each waits for what it needs, and every service can be asked for its health", () => {
  expect(Object.keys(nginx.depends_on)).toEqual(["cds-1", "cds-2"]);
  expect(Object.keys(one.depends_on)).toEqual(["postgres"]);
  expect(nginx.healthcheck).toBeDefined();
  expect(postgres.healthcheck).toBeDefined();
  expect(last(image, "HEALTHCHECK")).toContain("/health/ready");
});

test("nginx spreads calls over both, tells one address, tries another once, but not for a slow call, and writes in /tmp only", () => {
  const servers = [...conf.matchAll(/^\s*server (\S+) /gm)].map(([, server]) => server);
  expect(servers.filter((server) => server !== "{")).toEqual(["cds-1:3000", "cds-2:3000"]);
  expect(directive("proxy_set_header X-Forwarded-For")).toBe("$remote_addr");
  const seconds = (name: string) => Number(/^(\d+)s$/.exec(directive(name) ?? "")?.[1]);
  expect(directive("proxy_next_upstream_tries")).toBe("2");
  expect(seconds("proxy_next_upstream_timeout")).toBeLessThan(seconds("proxy_read_timeout"));
  expect(seconds("proxy_connect_timeout")).toBeLessThan(seconds("proxy_next_upstream_timeout"));
  const paths = [...conf.matchAll(/^\s*(?:pid|\w+_temp_path)\s+(\S+);/gm)].map(([, path = ""]) => path);
  expect(paths).toHaveLength(6);
  expect(paths.filter((path) => !nginx.tmpfs.some((folder) => path.startsWith(`${folder}/`)))).toEqual([]);
  expect(nginx.ports.map((text) => fillIn(text))).toEqual([`127.0.0.1:8080:${directive("listen")}`]);
});
