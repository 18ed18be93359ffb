// Writes screenshots of the playground's main states to `screenshots/`: `npm run screenshots`.
import { mkdirSync } from "node:fs";
import { loadScenarios } from "../src/cases/scenarios.ts";
import { loadPolicies } from "../src/policy/load/load.ts";
import { openBrowser } from "../test/support/browser.ts";
import { startService } from "../test/support/service.ts";

const FOLDER = "screenshots";
mkdirSync(FOLDER, { recursive: true });
const scenarios = loadScenarios("cards", loadPolicies("cards"));
const service = await startService({ playground: { scenarios, fhirServers: [] } });
const browser = await openBrowser();
const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });

async function choose(patient: string): Promise<void> {
  await page.click(`text=${patient}`);
  await page.click("#sign");
  await page.waitForSelector("#measured");
  await page.waitForTimeout(200);
}
const write = (name: string) => page.screenshot({ path: `${FOLDER}/${name}.png` });

await page.goto(service.url);
await page.waitForSelector("#patients button");
await write("order");
await choose("Ana Reyes");
await write("card");
await page.click(".card .choices button");
await page.waitForSelector("#changed pre");
await write("accepted");
await choose("Carla Nilsen");
await page.click("#why summary >> nth=2");
await page.locator("#why").scrollIntoViewIfNeeded();
await write("why");
await page.emulateMedia({ colorScheme: "dark" });
await page.evaluate("scrollTo(0, 0)");
await write("caution-dark");
await page.emulateMedia({ colorScheme: "light" });
await page.setViewportSize({ width: 390, height: 844 });
await choose("Elena Petrova");
await write("narrow");
await page.goto(`${service.url}/policies/imatinib-preferred`);
await page.setViewportSize({ width: 1280, height: 860 });
await write("policy");
await browser.close();
await service.stop();
