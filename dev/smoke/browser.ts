/**
 * A real browser that signs a test account in, unattended: at Auth0's own page by e-mail and
 * password, at the local tenant by a button. An address goes in; where the browser was sent comes
 * out, and nobody goes there. A password is typed and never printed.
 */
import { existsSync } from "node:fs";
import { chromium, type Page } from "playwright-core";
import { Obstacle } from "../obstacle.ts";

/** Who signs in: an account of a test tenant, or somebody of the local one. */
export type Account =
  | { readonly email: string; readonly password: string }
  | { readonly person: string };

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const PATIENCE_MS = 60_000;
const PATIENCE_AT_END_MS = 5000;

/** Signs in, and stops where the browser is sent back to. */
export async function signInUnattended(start: URL, goal: URL, account: Account): Promise<URL> {
  const executablePath = process.env["CHROMIUM_PATH"] ?? PLACES.find((place) => existsSync(place));
  if (executablePath === undefined)
    throw new Obstacle("There is no Chromium.", "Install one, or say where it is: CHROMIUM_PATH.");
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    const reached = Promise.withResolvers<URL>();
    await page.route(
      (url) => url.origin === goal.origin && url.pathname === goal.pathname,
      (route) => {
        reached.resolve(new URL(route.request().url()));
        return route.abort();
      },
    );
    await page.goto(start.href).catch(() => {});
    void pressOn(page, account, start.origin).catch(reached.reject);
    return await reached.promise;
  } finally {
    await browser.close();
  }
}

/** Presses and types what each page asks for, until the goal is reached or patience ends. */
async function pressOn(page: Page, account: Account, ours: string): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  let pressedAt = Date.now();
  while (Date.now() < until && !page.isClosed()) {
    const step = await nextStep(page, account);
    if (step !== undefined) pressedAt = Date.now();
    // A page of ours without a button is the end; Auth0's may still be loading.
    else if (isAtEnd(page, ours) && Date.now() - pressedAt > PATIENCE_AT_END_MS) break;
    await (step === undefined ? page.waitForTimeout(100) : step().catch(() => {}));
  }
  const { origin, pathname } = new URL(page.url());
  const title = await page.title().catch(() => "");
  throw new Obstacle(`The sign-in has stopped at ${origin}${pathname}, “${title}”.`);
}

function isAtEnd(page: Page, ours: string): boolean {
  const { origin, pathname } = new URL(page.url());
  return origin === ours && pathname === "/auth/callback";
}

async function nextStep(page: Page, account: Account): Promise<(() => Promise<void>) | undefined> {
  const allow = page.locator('button[value="allow"]');
  if (await isThere(allow)) return () => allow.click();
  if ("person" in account) {
    const button = page.locator(`button[value="${account.person}"]`);
    return (await isThere(button)) ? () => button.click() : undefined;
  }
  const email = page.locator('input[name="username"]:visible, input[name="email"]:visible');
  const password = page.locator('input[name="password"]:visible');
  const submit = page.locator('button[type="submit"]:visible').first();
  if (!(await isThere(email)) && !(await isThere(password))) return undefined;
  return async () => {
    if (await isThere(email)) await email.first().fill(account.email);
    if (await isThere(password)) await password.first().fill(account.password);
    await submit.click();
    await page.waitForLoadState();
  };
}

async function isThere(locator: ReturnType<Page["locator"]>): Promise<boolean> {
  return (await locator.count().catch(() => 0)) > 0;
}
