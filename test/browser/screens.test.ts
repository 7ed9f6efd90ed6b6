/**
 * Every page, looked at: on a phone and on a desk, light and dark. Nothing scrolls sideways, nothing
 * moves, nothing is loaded from elsewhere, axe finds nothing, and a page is small.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { collectComplaints, findChromium, startChromium } from "../support/chromium.ts";
import { createDocumentClient, type DocumentClient } from "../support/document-client.ts";
import { type House, startHouse } from "../support/house.ts";
import { examine, shiftOf } from "../support/screens.ts";
import { SHOP_PERMISSIONS } from "../support/shop-permissions.ts";
import { callMcp, createStranger, meetStranger, type Stranger } from "../support/stranger.ts";

const chromium = findChromium();

/** What stands where Auth0 has a person's picture. */
const PORTRAIT = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="#7a4a00"/><circle cx="32" cy="26" r="12" fill="#fff"/></svg>`;

describe.skipIf(chromium === undefined)("every page", () => {
  let house: House;
  /** One whose tools ask and remember. */
  let asking: House;
  let browser: Browser;
  let client: Stranger;
  let known: Stranger;
  let website: DocumentClient;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    const redirectUri = "https://editor.example.test/callback";
    website = await createDocumentClient("https://editor.example.test/oauth/client.json", "none", {
      client_name: "Example Editor",
      redirect_uris: [redirectUri],
    });
    house = await startHouse({
      variables: { TEST_OFFERINGS: "shop" },
      elsewhere: (request) => website.answer(request),
    });
    asking = await startHouse({ entry: "test/support/approval-worker.ts" });
    house.tenant.control.setPermissions("ada", SHOP_PERMISSIONS);
    house.tenant.control.setPermissions("rob", ["orders:read", "orders:delete"]);
    browser = await startChromium(chromium ?? "");
    client = await meetStranger(`${house.issuer}/mcp`);
    known = createStranger({ ...client, clientId: website.clientId, redirectUri });
  });
  afterAll(async () => {
    await browser.close();
    await Promise.all([house.stop(), asking.stop()]);
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

  /** Opens an address and looks at it. */
  async function look(name: string, open: () => Promise<unknown>): Promise<void> {
    let sizeBytes = 0;
    page.on("response", (response) => {
      if (response.request().resourceType() === "document")
        void response.body().then(
          (body) => (sizeBytes = body.length),
          () => undefined,
        );
    });
    await open();
    expect(await shiftOf(page)).toBe(0);
    expect(await examine(page, name)).toEqual([]);
    expect(sizeBytes).toBeGreaterThan(0);
    expect(sizeBytes).toBeLessThan(30_000);
    expect(complaints.filter((text) => !/status of [45]\d\d/.test(text))).toEqual([]);
  }

  const signIn = async (path: string) => {
    await page.goto(house.issuer + path);
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.getByRole("button", { name: /^Ada/ }).click();
    await page.waitForURL(house.issuer + path);
  };

  it("landing", () => look("landing", () => page.goto(`${house.issuer}/`)));

  it("consent for a client that nobody vouches for", () =>
    look("consent-unverified", () => page.goto(client.begin().url.href)));

  it("consent for a client that is verified", () =>
    look("consent-verified", () => page.goto(known.begin().url.href)));

  it("consent for more than before", async () => {
    await page.goto(known.begin({ scope: "openid orders:read" }).url.href);
    await page.getByRole("button", { name: "Allow", exact: true }).click();
    await look("consent-step-up", () =>
      page.goto(known.begin({ scope: "openid orders:read orders:delete" }).url.href),
    );
  });

  it("what the account does not have, between the sign-in and the client", () =>
    look("confirmation", async () => {
      await page.goto(known.begin().url.href);
      await page.getByRole("button", { name: "Allow", exact: true }).click();
      await page.getByRole("button", { name: /^Rob/ }).click();
      await page.waitForURL(`${house.issuer}/authorize/confirm?*`);
    }));

  it("permissions, unfolded", () =>
    look("permissions", async () => {
      await signIn("/permissions");
      for (const details of await page.locator("summary").all()) await details.click();
    }));

  it("a fault that only the operator can mend", () =>
    look("error-operator", async () => {
      await page.goto(known.begin().url.href);
      house.tenant.control.shape({ permissions: "absent" });
      await page.getByRole("button", { name: "Allow", exact: true }).click();
      await page.getByRole("button", { name: /^Ada/ }).click();
      await page.getByText("Tell an administrator").waitFor();
      house.tenant.control.shape({});
      for (const details of await page.locator("summary").all()) await details.click();
    }));

  it("connections, signed out", () =>
    look("connections-signed-out", () => page.goto(`${house.issuer}/connections`)));

  it("connections, none", () => look("connections-none", () => signIn("/connections")));

  it("connections, several, unfolded", async () => {
    await client.signIn("ada");
    await known.signIn("ada");
    await look("connections", async () => {
      await signIn("/connections");
      for (const details of await page.locator("summary").all()) await details.click();
    });
  });

  it("permissions, signed out", () =>
    look("permissions-signed-out", () => page.goto(`${house.issuer}/permissions`)));

  describe("of tools that ask and remember", () => {
    const use = async (name: string, input: object) => {
      const editor = await meetStranger(`${asking.issuer}/mcp`, { client_name: "An old editor" });
      const { access_token: token } = await editor.signIn("ada");
      const params = { name, arguments: input };
      const { response } = await callMcp(`${asking.issuer}/mcp`, token, {
        method: "tools/call",
        params,
      });
      return /http:\/\/localhost:\d+\/approve\/[\da-f]{64}/.exec(await response.text())?.[0] ?? "";
    };

    it("an approval, signed out", async () => {
      const link = await use("delete_invoices", { of: "Acme" });
      await look("approval-signed-out", () => page.goto(link));
    });

    it.each([
      ["a yes or a no", "approval", "delete_invoices", { of: "Acme" }],
      ["a form", "approval-form", "order", {}],
    ])("an approval: %s", async (_, screen, tool, input) => {
      const link = await use(tool, input);
      await look(screen, async () => {
        await page.goto(link);
        await page.getByRole("link", { name: "Sign in" }).click();
        await page.getByRole("button", { name: /^Ada/ }).click();
        await page.waitForURL(link);
      });
    });

    it("an answer that was given", async () => {
      const link = await use("delete_invoices", { of: "Acme again" });
      await look("approval-answered", async () => {
        await page.goto(link);
        await page.getByRole("link", { name: "Sign in" }).click();
        await page.getByRole("button", { name: /^Ada/ }).click();
        await page.getByRole("button", { name: "Yes" }).click();
        await page.getByText("Thank you").waitFor();
      });
    });

    it("what tools remember", async () => {
      await use("remember", { text: "a note" });
      await look("connections-remembered", async () => {
        await page.goto(`${asking.issuer}/connections`);
        await page.getByRole("link", { name: "Sign in" }).click();
        await page.getByRole("button", { name: /^Ada/ }).click();
        await page.getByText("What tools remember of you").waitFor();
      });
    });
  });

  it.each([
    ["error-not-found", "/nowhere"],
    ["error-unknown-client", "/authorize?client_id=unknown&response_type=code"],
    ["error-started-elsewhere", "/auth/callback?state=unknown&code=unknown"],
  ])("%s", (name, path) => look(name, () => page.goto(house.issuer + path)));
});
