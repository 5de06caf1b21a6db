/**
 * A real Chromium for the tests of the two pages: where it is found, how it is started without a screen, and what it
 * complains about while a page is open. Without one, tests are left out and a plain line says how to get it.
 */
import { chromium, type Browser, type Page } from "playwright-core";
import { CHROMIUM_FLAGS, findChromium } from "../../scripts/find_chromium.ts";

const NOTICE =
  "Left out: this test needs a Chromium. Run scripts/install_chromium.sh (Debian: apt-get install chromium), " +
  "or set CHROME_PATH to one.";

const FLAGS = [...CHROMIUM_FLAGS, "--autoplay-policy=no-user-gesture-required"];

/** Path of the Chromium, or null after having said so. */
export function chromiumOrNotice(): string | null {
  const found = findChromium();
  if (found === null) console.warn(NOTICE);
  return found;
}

/** Starts it, without a window. */
export function openChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS });
}

/**
 * Collects what a page complains about: script errors, refusals by the content security policy, console errors. A
 * request that fails on purpose is the test's business and is left out.
 */
export function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    const passing = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !passing) complaints.push(message.text());
  });
  return complaints;
}
