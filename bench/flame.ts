// Draws where the time of a call goes, as a flame graph: `node bench/flame.ts medium > flame.svg`. Each box is a function, as wide as the time
// that it and what it calls took; below it stands what called it.
import { type Profiler, Session } from "node:inspector/promises";
import { answerOrderSign, type OrderSignClient } from "../src/cds-hooks/order-sign.ts";
import { connectEhr } from "../src/chart/ehr.ts";
import { parseJson } from "../src/network/json.ts";
import { loadPolicies } from "../src/policy/load/load.ts";
import { callOf, DRUG, type Size } from "./patients.ts";

const RUNS: Readonly<Record<Size, number>> = { small: 20_000, medium: 5_000, large: 300 };
const [WIDTH, ROW, LEAST] = [1200, 18, 0.004]; // LEAST: the share below which a box is left out

const size = (process.argv[2] ?? "medium") as Size;
const body = Buffer.from(JSON.stringify(callOf(size, DRUG)));
const settings = { policies: loadPolicies("cards"), callDeadline: 60_000, baseUrl: "http://x", exceptionCard: false };
const client: OrderSignClient = {
  client: { replacement: "update", dialect: "standard" },
  ehr: connectEhr({ fhirServers: [], privateNetwork: false }),
};
/** All that a call costs but for HTTP. */
async function callOnce(): Promise<void> {
  const { cards } = await answerOrderSign(parseJson(body), client, settings);
  JSON.stringify({ cards });
}

const session = new Session();
session.connect();
for (let run = 0; run < RUNS[size] / 4; run += 1) await callOnce();
await session.post("Profiler.enable");
await session.post("Profiler.start");
for (let run = 0; run < RUNS[size]; run += 1) await callOnce();
const { profile } = await session.post("Profiler.stop");

type Frame = { readonly name: string; self: number; readonly inner: Map<string, Frame> };

function framesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Frame {
  const times = new Map<number, number>();
  samples.forEach((id, at) => {
    times.set(id, (times.get(id) ?? 0) + (timeDeltas[at] ?? 0));
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const root: Frame = { name: `one ${size} call, from bytes to card`, self: 0, inner: new Map() };
  const add = (id: number, into: Frame) => {
    const node = byId.get(id);
    if (!node) return;
    const { functionName, url } = node.callFrame;
    const library = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
    const own = /\/((?:src|bench)\/.*)$/.exec(url)?.[1];
    // A library is one box, however deep its own calls are.
    const name = library ?? (own ? `${functionName || "(a function)"} ${own}` : functionName);
    const isSame = library !== undefined && into.name === library;
    const frame = isSame ? into : (into.inner.get(name) ?? { name, self: 0, inner: new Map() });
    if (!isSame) into.inner.set(name, frame);
    frame.self += times.get(id) ?? 0;
    for (const child of node.children ?? []) add(child, frame);
  };
  for (const child of byId.get(nodes[0]?.id ?? 0)?.children ?? []) add(child, root);
  for (const name of ["(idle)", "(program)"]) root.inner.delete(name);
  return root;
}

const totalOf = ({ self, inner }: Frame): number =>
  [...inner.values()].reduce((sum, each) => sum + totalOf(each), self);
const escaped = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");

const root = framesOf(profile);
const whole = totalOf(root);
const boxes: string[] = [];
let deepest = 0;

function draw(frame: Frame, start: number, level: number): void {
  const share = totalOf(frame) / whole;
  if (share < LEAST) return;
  deepest = Math.max(deepest, level);
  const [x, width, y] = [start * WIDTH, share * WIDTH, level * ROW];
  const color = frame.name.includes(" src/") ? "#9cc5e8" : frame.name.includes("/") || level === 0 ? "#ddd" : "#f0d9a8";
  const shown = frame.name.slice(0, Math.floor(width / 6.5));
  const title = escaped(`${frame.name}: ${(share * 100).toFixed(1)} %`);
  boxes.push(
    `<g><title>${title}</title><rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${color}"/><text x="${(x + 3).toFixed(1)}" y="${y + 13}">${escaped(shown)}</text></g>`,
  );
  let next = start;
  for (const inner of [...frame.inner.values()].sort((a, b) => totalOf(b) - totalOf(a))) {
    draw(inner, next, level + 1);
    next += totalOf(inner) / whole;
  }
}

draw(root, 0, 0);
process.stdout.write(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${(deepest + 1) * ROW}" font-family="monospace" font-size="11"><rect width="100%" height="100%" fill="#fff"/>\n${boxes.join("\n")}\n</svg>\n`,
);
