// The README is true: its request gives its card, its other examples answer as it says, its links and settings are there.
// And src names no drug, payer or code.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Service, startService } from "../support/service.ts";

const README = readFileSync("README.md", "utf8");
let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const example = (name: string) => JSON.parse(readFileSync(join("docs/examples", name), "utf8"));
const withoutUuids = (value: unknown) => JSON.parse(JSON.stringify(value).replace(/"uuid":"[^"]+"/g, '"uuid":""'));

test("the request to paste gives the card that stands below it", async () => {
  const [, printed = ""] = /```json\n(.*?)```/s.exec(README) ?? [];
  expect(withoutUuids({ cards: await service.cards(example("change.json")) })).toEqual(
    withoutUuids(JSON.parse(printed)),
  );
});

test("the reaction alone gives a card without a click; with the trial, none", async () => {
  const [card] = await service.cards(example("caution.json"));
  expect(card?.detail).toMatch(/^\*\*Caution:\*\*/);
  expect(card).not.toHaveProperty("suggestions");
  expect((await service.orderSign(example("exception.json"))).text).toBe('{"cards":[]}');
});

test("every file that it links to is there", () => {
  const links = [...README.matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
  expect(links.length).toBeGreaterThan(3);
  expect(links.filter((target) => !existsSync(target))).toEqual([]);
});

test("src names no drug, payer or code of a policy", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const naming = files.filter((file) =>
    /imatinib|gleevec|cigna|40458[89]|40387[89]/i.test(readFileSync(join("src", file), "utf8")),
  );
  expect(files.length).toBeGreaterThan(30);
  expect(naming).toEqual([]);
});
