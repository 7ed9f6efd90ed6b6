import { createServer, type Server } from "node:http";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collectComplaints, findChromium, startChromium } from "../support/chromium.ts";
import { type House, startHouse } from "../support/house.ts";
import { callMcp, json, meetStranger, type Stranger, type Tokens } from "../support/stranger.ts";

const chromium = findChromium();

/** What a client's own page shows once the browser is back. */
const BACK = "You may close this window.";

describe.skipIf(chromium === undefined)("in Chromium", () => {
  let house: House;
  let browser: Browser;
  let client: Stranger;
  let listener: Server;
  let redirectUri: string;

  beforeAll(async () => {
    house = await startHouse();
    browser = await startChromium(chromium ?? "");
    listener = createServer((_, response) => response.end(BACK)).listen(0, "127.0.0.1");
    await new Promise((resume) => listener.once("listening", resume));
    const address = listener.address();
    redirectUri = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/callback`;
    client = await meetStranger(`${house.issuer}/mcp`, { redirect_uris: [redirectUri] });
  });
  afterAll(async () => {
    listener.close();
    await browser.close();
    await house.stop();
  });

  const open = (options: Parameters<Browser["newContext"]>[0] = {}): Promise<BrowserContext> =>
    browser.newContext(options);

  it("goes from consent through the login back to the client, and its code is good for tokens", async () => {
    const page = await (await open({ javaScriptEnabled: false })).newPage();
    const attempt = client.begin({ redirect_uri: redirectUri });
    await page.goto(attempt.url.href);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe(
      "A stranger asks to connect",
    );
    await page.getByRole("button", { name: "Allow" }).click();
    await page.getByRole("button", { name: /^Ada/ }).click();
    await page.waitForURL(`${redirectUri}?*`);
    expect(await page.textContent("body")).toBe(BACK);
    const form = {
      grant_type: "authorization_code",
      code: new URL(page.url()).searchParams.get("code") ?? "",
      redirect_uri: redirectUri,
      code_verifier: attempt.verifier,
    };
    const tokens = await json<Tokens>(await client.token(form), 200);
    const { answer } = await callMcp(client.resource, tokens.access_token, {
      method: "tools/list",
    });
    expect(answer.result?.tools?.map(({ name }) => name)).toContain("get_user_info");
  });

  it("takes a Deny back to the client as access_denied", async () => {
    const page = await (await open()).newPage();
    const attempt = client.begin({ redirect_uri: redirectUri });
    await page.goto(attempt.url.href);
    await page.getByRole("button", { name: "Deny" }).click();
    await page.waitForURL(`${redirectUri}?*`);
    const parameters = new URL(page.url()).searchParams;
    expect(Object.fromEntries(parameters)).toMatchObject({
      error: "access_denied",
      state: attempt.state,
      iss: house.issuer,
    });
  });

  it.each([
    [320, "light"],
    [320, "dark"],
    [1280, "light"],
    [1280, "dark"],
  ] as const)(
    "shows its pages at %i px, %s, without scrolling sideways and without a complaint",
    async (width, colorScheme) => {
      const page = await (await open({ viewport: { width, height: 900 }, colorScheme })).newPage();
      const complaints = collectComplaints(page);
      for (const url of [
        `${house.issuer}/`,
        client.begin({ redirect_uri: redirectUri }).url.href,
        `${house.issuer}/authorize`,
      ]) {
        await page.goto(url);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
          width,
        );
      }
      expect(complaints.filter((text) => !text.includes("status of 400"))).toEqual([]);
    },
  );

  it("reaches Allow and Deny by Tab, with a focus that can be seen", async () => {
    const page = await (await open()).newPage();
    await page.goto(client.begin({ redirect_uri: redirectUri }).url.href);
    const focused = () =>
      page.evaluate(() => [
        document.activeElement?.textContent?.trim(),
        getComputedStyle(document.activeElement ?? document.body).outlineStyle,
      ]);
    await page.keyboard.press("Tab");
    expect(await focused()).toEqual(["Allow", "solid"]);
    await page.keyboard.press("Tab");
    expect(await focused()).toEqual(["Deny", "solid"]);
  });

  it("makes one sign-in of a double click on Allow", async () => {
    const page = await (await open()).newPage();
    await page.goto(client.begin({ redirect_uri: redirectUri }).url.href);
    house.log.length = 0;
    await page.getByRole("button", { name: "Allow" }).dblclick({ noWaitAfter: true });
    await page.getByRole("heading", { name: "Who is signing in?" }).waitFor();
    const decisions = house.log.filter(({ route }) => route === "/authorize");
    expect(decisions.map(({ status }) => status)).toEqual([302]);
  });
});
