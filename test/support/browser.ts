// A real browser: CHROME_PATH, or the Chromium that comes from npm on Linux, or an installed Chrome.
import chromium from "@sparticuz/chromium";
import { type Browser, chromium as launcher } from "playwright-core";

/** As in a container: without a sandbox of its own, and without asking anybody for updates. */
const ARGUMENTS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

export async function openBrowser(): Promise<Browser> {
  const given = process.env.CHROME_PATH;
  if (given) return launcher.launch({ executablePath: given });
  if (process.platform === "linux") {
    return launcher.launch({ args: ARGUMENTS, executablePath: await chromium.executablePath() });
  }
  return launcher.launch({ channel: "chrome" });
}
