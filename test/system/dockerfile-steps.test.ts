// The image, without an engine: the Dockerfile's steps in a temporary folder, then the service as the image starts it. The permission
// model of Node stands for a read-only root file system: what is not allowed cannot be written.
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, last, pairsOf, readDockerfile } from "../deploy/dockerfile.ts";
import { type Databases, freePort, startPostgres } from "../support/databases.ts";
import { killAll, run, untilReady } from "../support/process.ts";
import { createSigner, type Signer } from "../support/tokens.ts";

const BASE_URL = "https://cds.example.org";
const ISSUER = "https://ehr.example.org";
const steps = readDockerfile("Dockerfile");
const manifest = JSON.parse(readFileSync("package.json", "utf8"));

let root: string;
let app: string;
let signer: Signer;
let clientsFile: string;
let postgres: Databases;

beforeAll(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "image-")));
  app = join(build(steps, root), last(steps, "WORKDIR"));
  signer = await createSigner(ISSUER);
  clientsFile = join(root, "clients.yaml");
  const jwks = { keys: [signer.publicKey] };
  writeFileSync(clientsFile, JSON.stringify({ clients: [{ name: "example-health", issuer: ISSUER, jwks }] }));
  postgres = await startPostgres();
});
afterAll(async () => {
  killAll();
  await postgres.stop();
  rmSync(root, { recursive: true });
});

/** Starts the image's command in its folder under its settings. @param allowed what Node may do besides reading */
async function start(env: Record<string, string>, allowed: readonly string[]) {
  const [node, ...words] = JSON.parse(last(steps, "CMD")) as string[];
  expect(node).toBe("node");
  const port = String(await freePort());
  const command = [process.execPath, "--permission", "--allow-fs-read=*", ...allowed, ...words];
  const settings = { ...pairsOf(steps, "ENV"), BASE_URL, CLIENTS_FILE: clientsFile, PORT: port, ...env };
  const service = run(["sh", "-c", 'cd "$0" && exec "$@"', app, ...command], settings);
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url).catch(() => {
    throw new Error(service.output());
  });
  return { ...service, url, port };
}

async function discover(url: string): Promise<number> {
  const token = await signer.sign({ aud: `${BASE_URL}/cds-services` });
  return (await fetch(`${url}/cds-services`, { headers: { authorization: `Bearer ${token}` } })).status;
}

test("with PostgreSQL it starts, is healthy, answers a signed discovery, and ends with 0: nothing is written", async () => {
  const { url, port, child, exit, output } = await start({ DATABASE_URL: await postgres.create() }, []);
  expect(await (await fetch(`${url}/health/ready`)).json()).toMatchObject({ status: "ready", mode: "registered" });
  expect(await discover(url)).toBe(200);
  expect((await fetch(`${url}/cds-services`)).status).toBe(401);

  const [, check = "[]"] = /CMD (\[.+\])$/.exec(last(steps, "HEALTHCHECK")) ?? [];
  const [, ...words] = JSON.parse(check) as string[];
  expect(await run([process.execPath, ...words], { PORT: port }).exit).toEqual([0, null]);
  expect(await run([process.execPath, ...words], { PORT: String(await freePort()) }).exit).toEqual([1, null]);

  child.kill(last(steps, "STOPSIGNAL") as NodeJS.Signals);
  expect(await exit).toEqual([0, null]);
  expect(output()).not.toContain("ERR_ACCESS_DENIED");
});

test("with SQLite it writes its volume, and nothing else", async () => {
  const volume = join(app, "data");
  expect(last(steps, "VOLUME")).toBe(join(last(steps, "WORKDIR"), "data"));
  const { url, child, exit } = await start({ DATABASE_URL: "" }, [`--allow-fs-write=${volume}`, "--allow-worker"]);
  expect(await discover(url)).toBe(200);
  child.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  expect(readdirSync(volume)).toContain("cds.db");
});

test("its heap is a part of what memory there is, which in a container is the limit", async () => {
  const [, ...words] = JSON.parse(last(steps, "CMD")) as string[];
  const flags = words.filter((word) => word.startsWith("--"));
  const heap = async (...more: string[]) => {
    const { exit, output } = run([process.execPath, ...more, "-p", "v8.getHeapStatistics().heap_size_limit"]);
    await exit;
    return Number(output());
  };
  expect(flags).toEqual(["--max-old-space-size-percentage=50"]);
  const all = await heap("--max-old-space-size-percentage=100");
  expect((await heap(...flags)) / all).toBeCloseTo(0.5, 1);
});

test("it holds the production packages and no other", () => {
  const isThere = (name: string) => existsSync(join(app, "node_modules", name, "package.json"));
  expect(Object.keys(manifest.dependencies).filter((name) => !isThere(name))).toEqual([]);
  expect(Object.keys(manifest.devDependencies).filter(isThere)).toEqual([]);
  expect(readdirSync(app).sort()).toEqual(["LICENSE", "cards", "data", "node_modules", "package.json", "src"]);
});

test("it runs as a number that is not root's, with labels that are true", () => {
  expect(last(steps, "USER")).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  if (process.getuid?.() === 0) expect(statSync(join(app, "data")).uid).toBe(Number(last(steps, "USER").split(":")[0]));
  expect(pairsOf(steps, "LABEL")).toMatchObject({
    "org.opencontainers.image.title": manifest.name,
    "org.opencontainers.image.licenses": manifest.license,
    "org.opencontainers.image.version": "$VERSION",
  });
  expect(steps).toContainEqual({ instruction: "ARG", text: `VERSION=${manifest.version}` });
});

test(".dockerignore lets through what is copied, and nothing else", () => {
  const copied = steps.filter(({ instruction, text }) => instruction === "COPY" && !text.startsWith("--from"));
  const sources = copied.flatMap(({ text }) => text.split(" ").slice(0, -1));
  const [first, ...admitted] = readFileSync(".dockerignore", "utf8")
    .trim()
    .split("\n")
    .filter((line) => !line.startsWith("#"));
  expect(first).toBe("*");
  expect(admitted.sort()).toEqual([...new Set(sources)].map((source) => `!${source}`).sort());
});
