/**
 * A real browser for tests: Chromium as this machine has it. Says aloud when it is missing; in CI
 * that is a failure.
 */
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Where Chromium is; undefined when the tests that need it are to be skipped. */
export function findChromium(): string | undefined {
  const path = process.env["CHROMIUM_PATH"] ?? PLACES.find((place) => existsSync(place));
  if (path === undefined && process.env["CI"])
    throw new Error("chromium is not installed: browser tests cannot run");
  if (path === undefined) console.warn("chromium is not installed: browser tests are skipped");
  return path;
}

/** Starts Chromium without any connection of its own. */
export function startChromium(executablePath: string): Promise<Browser> {
  const args = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
  return chromium.launch({ executablePath, args });
}

/**
 * Everything the browser complains about on a page: errors, refused resources, policy violations.
 */
export function collectComplaints(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  return complaints;
}
