// Renews the screenshots of the playground that the README shows: `npm run screenshots`.
import { loadScenarios } from "../../src/cases/scenarios.ts";
import { loadPolicies } from "../../src/policy/load/load.ts";
import { openBrowser } from "./browser.ts";
import { startService } from "./service.ts";

const scenarios = loadScenarios("cards", loadPolicies("cards"));
const service = await startService({ playground: { scenarios, fhirServers: [] } });
const browser = await openBrowser();
const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });

async function show(patient: string, image: string): Promise<void> {
  await page.goto(service.url);
  await page.click(`text=${patient}`);
  await page.click("#sign");
  await page.waitForSelector("#measured");
  await page.screenshot({ path: `docs/images/${image}.png` });
}
await show("Ana Reyes", "card");
await page.emulateMedia({ colorScheme: "dark" });
await show("Carla Nilsen", "caution-dark");
await browser.close();
await service.stop();
