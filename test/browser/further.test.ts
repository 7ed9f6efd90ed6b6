/**
 * The pages to which a tool leads its person, in a real browser: a sign-in again, and what comes after
 * it. Looked at on a phone and on a desk, light and dark, and gone through from end to end.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { collectComplaints, findChromium, startChromium } from "../support/chromium.ts";
import { type House, startHouse } from "../support/house.ts";
import { PAYMENT_PERMISSIONS } from "../support/payment-permissions.ts";
import { examine } from "../support/screens.ts";
import { callMcp, meetStranger } from "../support/stranger.ts";

const chromium = findChromium();

/** What stands where Auth0 has a person's picture. */
const PORTRAIT = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="#7a4a00"/></svg>`;

describe.skipIf(chromium === undefined)("a tool that wants a second factor", () => {
  let house: House;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    house = await startHouse({ variables: { TEST_OFFERINGS: "payments" } });
    house.tenant.control.setPermissions("ada", PAYMENT_PERMISSIONS);
    browser = await startChromium(chromium ?? "");
  });
  afterAll(async () => {
    await browser.close();
    await house.stop();
  });
  beforeEach(async () => {
    const context = await browser.newContext();
    page = await context.newPage();
    complaints = collectComplaints(page);
    return () => context.close();
  });

  it("leads to a sign-in and back, and runs", async () => {
    const client = await meetStranger(`${house.issuer}/mcp`, { client_name: "An old editor" });
    const { access_token: token } = await client.signIn("ada");
    const pay = async () => {
      const params = { name: "pay_invoice", arguments: {} };
      const { answer } = await callMcp(client.resource, token, { method: "tools/call", params });
      return answer.result?.content?.[0]?.text ?? "";
    };
    const [link = ""] = /http:\/\/localhost:\d+\/approve\/[\da-f]{64}/.exec(await pay()) ?? [];
    await page.goto(link);
    expect(await examine(page, "fresh-signed-out")).toEqual([]);
    house.tenant.control.shape({ idToken: { claims: { amr: undefined } } });
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.getByRole("button", { name: /^Ada/ }).click();
    await page.getByRole("heading", { name: "Please sign in again" }).waitFor();
    expect(await examine(page, "fresh-again")).toEqual([]);
    house.tenant.control.shape({});
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.getByRole("button", { name: /^Ada/ }).click();
    await page.getByText("You have signed in for this.").waitFor();
    expect(await examine(page, "fresh-go-on")).toEqual([]);
    await page.getByRole("button", { name: "Yes" }).click();
    await page.getByRole("heading", { name: "Thank you" }).waitFor();
    expect(await examine(page, "fresh-done")).toEqual([]);
    expect(await pay()).toBe("pay_invoice of 1 was done");
    expect(complaints.filter((text) => !/status of 404/.test(text))).toEqual([]);
  });
});

describe.skipIf(chromium === undefined)("a tool that needs an account at another service", () => {
  let house: House;
  let browser: Browser;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    house = await startHouse({ variables: { TEST_OFFERINGS: "calling" } });
    browser = await startChromium(chromium ?? "");
  });
  afterAll(async () => {
    await browser.close();
    await house.stop();
  });
  beforeEach(async () => {
    const context = await browser.newContext();
    await context.route("https://cdn.auth0.com/avatars/*", (route) =>
      route.fulfill({ contentType: "image/svg+xml", body: PORTRAIT }),
    );
    page = await context.newPage();
    complaints = collectComplaints(page);
    return () => context.close();
  });

  it("leads there and back, and runs; the account is shown and ended", async () => {
    const client = await meetStranger(`${house.issuer}/mcp`, { client_name: "An old editor" });
    const { access_token: token } = await client.signIn("ada");
    const read = async () => {
      const scopes = ["https://www.googleapis.com/auth/calendar.readonly"];
      const params = { name: "read_calendar", arguments: { scopes } };
      const { answer } = await callMcp(client.resource, token, { method: "tools/call", params });
      return answer.result?.content?.[0]?.text ?? "";
    };
    const signInAsAda = () => page.getByRole("button", { name: /^Ada/ }).click();
    const [link = ""] = /http:\/\/localhost:\d+\/connect\/[\da-f]{64}/.exec(await read()) ?? [];
    await page.goto(link);
    expect(await examine(page, "connect-signed-out")).toEqual([]);
    await page.getByRole("link", { name: "Sign in" }).click();
    await signInAsAda();
    await page.getByRole("heading", { name: "Connect your Google account" }).waitFor();
    expect(await examine(page, "connect")).toEqual([]);
    await page.getByRole("button", { name: "Go to Google" }).click();
    await signInAsAda();
    await page.getByRole("button", { name: "Allow" }).click();
    await page.getByRole("heading", { name: "Your Google account is connected" }).waitFor();
    expect(await examine(page, "connected")).toEqual([]);
    expect(await read()).toContain("google-oauth2 token of");
    await page.getByRole("link", { name: "Your connections" }).click();
    await page.getByRole("heading", { name: "Accounts at other services" }).waitFor();
    expect(await examine(page, "connections-accounts")).toEqual([]);
    await page.getByRole("button", { name: "Disconnect Google" }).click();
    await signInAsAda();
    await page.waitForURL(`${house.issuer}/connections`);
    expect(await page.getByText("Accounts at other services").count()).toBe(0);
    expect(await read()).toContain("/connect/");
    expect(complaints.filter((text) => !/status of 404/.test(text))).toEqual([]);
  });
});
