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
