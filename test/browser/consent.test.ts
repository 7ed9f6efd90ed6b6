/**
 * Consent in a real browser: every way back to a client, no, back, twice, two tabs, another browser,
 * a frame, another website, hostile names, the keyboard alone, boxes unticked, more than before.
 */
import { createServer, type Server } from "node:http";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { collectComplaints, findChromium, startChromium } from "../support/chromium.ts";
import { createDocumentClient, type DocumentClient } from "../support/document-client.ts";
import { type House, startHouse } from "../support/house.ts";
import { SHOP_PERMISSIONS } from "../support/shop-permissions.ts";
import {
  type Attempt,
  callMcp,
  createStranger,
  json,
  meetStranger,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";

const chromium = findChromium();

describe.skipIf(chromium === undefined)("consent in Chromium", () => {
  let house: House;
  let browser: Browser;
  let website: DocumentClient;
  let loopback: Server;
  let hop: Server;
  let client: Stranger;
  let context: BrowserContext;
  let page: Page;
  /** What reached the servers of clients. */
  const arrived: URL[] = [];

  beforeAll(async () => {
    website = await createDocumentClient("https://editor.example.test/client.json", "none", {
      redirect_uris: ["https://editor.example.test/callback"],
    });
    house = await startHouse({
      variables: { TEST_OFFERINGS: "shop" },
      elsewhere: (request) => website.answer(request),
    });
    house.tenant.control.setPermissions("ada", SHOP_PERMISSIONS);
    browser = await startChromium(chromium ?? "");
    hop = await listen((url) => ({ status: 302, location: `com.example.app:/done${url.search}` }));
    loopback = await listen((url) =>
      url.pathname === "/chain"
        ? { status: 302, location: `http://localhost:${portOf(hop)}/hop${url.search}` }
        : { status: 200 },
    );
    const redirect_uris = ["/callback", "/chain"].map((path) => addressOf(loopback) + path);
    const met = await meetStranger(`${house.issuer}/mcp`, { redirect_uris });
    client = createStranger({ ...met, redirectUri: redirect_uris[0] ?? "" });
  });
  afterAll(async () => {
    loopback.close();
    hop.close();
    await browser.close();
    await house.stop();
  });
  beforeEach(async () => {
    arrived.length = 0;
    context = await browser.newContext({ javaScriptEnabled: false });
    page = await context.newPage();
    return () => context.close();
  });

  function listen(answer: (url: URL) => { status: number; location?: string }): Promise<Server> {
    const server = createServer(({ url = "/" }, response) => {
      const asked = new URL(url, "http://localhost");
      if (asked.pathname === "/favicon.ico") return void response.writeHead(404).end();
      arrived.push(asked);
      const { status, location } = answer(asked);
      response.writeHead(status, location === undefined ? {} : { location }).end("Done.");
    });
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
  }

  const allow = async (on: Page = page) => {
    await on.getByRole("button", { name: "Allow", exact: true }).click();
    await on.getByRole("button", { name: /^Ada/ }).click();
  };
  const tokensOf = async (who: Stranger, attempt: Attempt, callback: URL): Promise<Tokens> =>
    json<Tokens>(await who.exchange(attempt, callback), 200);
  const statusOf = async (tokens: Tokens, name: string) => {
    const params = { name, arguments: {} };
    const call = await callMcp(client.resource, tokens.access_token, {
      method: "tools/call",
      params,
    });
    return call.response.status;
  };

  describe("the way back", () => {
    it("leads to a loopback address, and the code is good for tokens", async () => {
      const attempt = client.begin();
      await page.goto(attempt.url.href);
      await allow();
      await page.waitForURL(`${client.redirectUri}?*`);
      const tokens = await tokensOf(client, attempt, new URL(page.url()));
      expect(await statusOf(tokens, "delete_order")).toBe(200);
    });

    it("leads to an https address", async () => {
      await context.route("https://editor.example.test/**", (route) =>
        route.fulfill({ body: "Done.", contentType: "text/html" }),
      );
      const redirectUri = "https://editor.example.test/callback";
      const known = createStranger({ ...client, clientId: website.clientId, redirectUri });
      const attempt = known.begin();
      await page.goto(attempt.url.href);
      expect(await page.getByText("Verified:").count()).toBe(1);
      await allow();
      await page.waitForURL(`${redirectUri}?*`);
      await tokensOf(known, attempt, new URL(page.url()));
    });

    it("leads to an address in a private scheme", async () => {
      const redirectUri = "cursor://anysphere.cursor-mcp/oauth/callback";
      const met = await meetStranger(client.resource, { redirect_uris: [redirectUri] });
      const cursor = createStranger({ ...met, redirectUri });
      const attempt = cursor.begin();
      await page.goto(attempt.url.href);
      const back = page.waitForResponse((response) => response.url().includes("/auth/callback"));
      await allow().catch(() => undefined);
      const location = new URL((await (await back).headerValue("location")) ?? "");
      expect(location.href.startsWith(`${redirectUri}?`)).toBe(true);
      await tokensOf(cursor, attempt, location);
    });

    it("goes on through the client's own redirects, to another origin and a private scheme", async () => {
      const complaints = collectComplaints(page);
      const redirectUri = `${addressOf(loopback)}/chain`;
      const attempt = client.begin({ redirect_uri: redirectUri });
      await page.goto(attempt.url.href);
      await allow().catch(() => undefined);
      await expect.poll(() => arrived.map(({ pathname }) => pathname)).toEqual(["/chain", "/hop"]);
      expect(arrived[1]?.searchParams.get("state")).toBe(attempt.state);
      expect(complaints.filter((text) => /policy|form-action/i.test(text))).toEqual([]);
    });

    it("is access_denied after a no, and going back asks anew", async () => {
      const attempt = client.begin();
      await page.goto(attempt.url.href);
      const handle = await handleOn(page);
      await page.getByRole("button", { name: "Deny" }).click();
      await page.waitForURL(`${client.redirectUri}?*`);
      expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
        error: "access_denied",
        error_description: expect.any(String),
        state: attempt.state,
        iss: house.issuer,
      });
      await page.goBack();
      expect(await handleOn(page)).not.toBe(handle);
    });
  });

  describe("once is once", () => {
    it("going back from Auth0 asks anew, and the answer given before is used up", async () => {
      await page.goto(client.begin().url.href);
      const handle = await handleOn(page);
      await page.getByRole("button", { name: "Allow", exact: true }).click();
      await page.getByRole("heading", { name: "Who is signing in?" }).waitFor();
      await page.goBack();
      expect(await handleOn(page)).not.toBe(handle);
      await page.evaluate((used) => {
        document.querySelector("input[name=handle]")?.setAttribute("value", used ?? "");
      }, handle);
      await page.getByRole("button", { name: "Allow", exact: true }).click();
      expect(await reasonOn(page)).toBe("authorization_expired");
    });

    it("a page that was reached is not reached again by going back and forth", async () => {
      const attempt = client.begin();
      await page.goto(attempt.url.href);
      await allow();
      await page.waitForURL(`${client.redirectUri}?*`);
      const codes = () => arrived.map(({ searchParams }) => searchParams.get("code"));
      await page.goBack();
      await page.goForward();
      expect(new Set(codes()).size).toBe(1);
    });

    it("a double click on Allow is one sign-in", async () => {
      await page.goto(client.begin().url.href);
      house.log.length = 0;
      await page
        .getByRole("button", { name: "Allow", exact: true })
        .dblclick({ noWaitAfter: true });
      await page.getByRole("heading", { name: "Who is signing in?" }).waitFor();
      const decisions = house.log.filter(({ route }) => route === "/authorize");
      expect(decisions.map(({ status }) => status)).toEqual([302]);
    });

    it("two tabs are two authorizations, and both come to an end", async () => {
      const other = await context.newPage();
      const attempts = [client.begin(), client.begin()];
      await page.goto(attempts[0]?.url.href ?? "");
      await other.goto(attempts[1]?.url.href ?? "");
      await allow(other);
      await other.waitForURL(`${client.redirectUri}?*`);
      await allow(page);
      await page.waitForURL(`${client.redirectUri}?*`);
      for (const [at, tab] of [page, other].entries())
        await tokensOf(client, attempts[at] ?? client.begin(), new URL(tab.url()));
    });

    it("another browser cannot answer for this one", async () => {
      await page.goto(client.begin().url.href);
      const form = await page.locator("form").first().innerHTML();
      const elsewhere = await (await browser.newContext()).newPage();
      await elsewhere.goto(`${house.issuer}/`);
      await elsewhere.setContent(
        `<base href="${house.issuer}/"><form method="post" action="/authorize">${form}</form>`,
      );
      await elsewhere.getByRole("button", { name: "Allow", exact: true }).click();
      await elsewhere.waitForURL(/authorize/);
      expect(["authorization_expired", "origin_refused"]).toContain(await reasonOn(elsewhere));
      await elsewhere.context().close();
    });
  });

  describe("other websites", () => {
    it("cannot frame a page", async () => {
      const url = client.begin().url.href;
      await context.route("https://evil.example/**", (route) =>
        route.fulfill({ contentType: "text/html", body: `<iframe src="${url}"></iframe>` }),
      );
      await page.goto("https://evil.example/");
      const frame = page.frames()[1];
      await expect.poll(() => frame?.url()).toBe("chrome-error://chromewebdata/");
    });

    it("cannot post a decision, nor end a connection", async () => {
      await page.goto(client.begin().url.href);
      const handle = await page.locator("input[name=handle]").getAttribute("value");
      for (const [path, fields] of [
        ["/authorize", { handle: handle ?? "", decision: "allow" }],
        ["/connections", { do: "end-all", csrf: "x" }],
        ["/connections/sign-out", {}],
      ] as const) {
        const inputs = Object.entries(fields).map(
          ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
        );
        await context.unrouteAll();
        await context.route("https://evil.example/**", (route) =>
          route.fulfill({
            contentType: "text/html",
            body: `<form method="post" action="${house.issuer}${path}">${inputs.join("")}<button>Go</button></form>`,
          }),
        );
        await page.goto("https://evil.example/");
        await page.getByRole("button", { name: "Go" }).click();
        await page.waitForURL(house.issuer + path);
        expect(await reasonOn(page)).toBe("origin_refused");
      }
    });
  });

  it.each([
    ["markup", `<img src=x onerror=alert(1)>`, "<img src=x onerror=alert(1)>"],
    ["an override", "\u202Egnp.exe", "gnp.exe"],
    ["one long word", "W".repeat(70), `${"W".repeat(63)}…`],
  ])("shows a name of %s as text", async (_what, client_name, shown) => {
    const hostile = await meetStranger(client.resource, {
      client_name,
      redirect_uris: [client.redirectUri],
    });
    await page.setViewportSize({ width: 320, height: 700 });
    await page.goto(hostile.begin({ redirect_uri: client.redirectUri }).url.href);
    expect(await page.locator("h1 bdi").textContent()).toBe(shown);
    expect(await page.locator("main img").count()).toBe(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      320,
    );
  });

  it.each(["ø 状態 😀", "a&b=c#d", "x".repeat(1500)])(
    "gives a state %j back as it came",
    async (state) => {
      await page.goto(client.begin({ state }).url.href);
      await page.getByRole("button", { name: "Deny" }).click();
      await page.waitForURL(`${client.redirectUri}?*`);
      expect(new URL(page.url()).searchParams.get("state")).toBe(state);
    },
  );

  it("works with the keyboard alone: a box unticked, allowed, and the token has no more", async () => {
    const attempt = client.begin();
    await page.goto(attempt.url.href);
    const focused = () =>
      page.evaluate(() => {
        const { activeElement: element } = document;
        const name = element?.getAttribute("value") ?? element?.textContent?.trim();
        return [name, getComputedStyle(element ?? document.body).outlineStyle];
      });
    const seen: unknown[] = [];
    for (let presses = 0; presses < 12; presses++) {
      await page.keyboard.press("Tab");
      const [name, outline] = await focused();
      seen.push(name);
      expect(outline).toBe("solid");
      if (name === "orders:write") await page.keyboard.press("Space");
      if (name === "allow") break;
    }
    expect(seen).toEqual([
      "orders:read",
      "customers:read",
      "reads",
      "orders:write",
      "changes",
      "yes",
      "orders:delete",
      "customers:purge",
      "deletes",
      "allow",
    ]);
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /^Ada/ }).click();
    await page.waitForURL(`${client.redirectUri}?*`);
    const tokens = await tokensOf(client, attempt, new URL(page.url()));
    expect(tokens.scope.split(" ")).not.toContain("orders:write");
    expect(await statusOf(tokens, "create_order")).toBe(403);
    expect(await statusOf(tokens, "list_orders")).toBe(200);
  });

  it("takes what can delete out with one box, and a step-up brings it back, marked as new", async () => {
    const attempt = client.begin();
    await page.goto(attempt.url.href);
    await page.getByLabel(/^Allow what is ticked below/).uncheck();
    await allow();
    await page.waitForURL(`${client.redirectUri}?*`);
    const tokens = await tokensOf(client, attempt, new URL(page.url()));
    expect(await statusOf(tokens, "delete_order")).toBe(403);
    expect(await statusOf(tokens, "create_order")).toBe(200);
    const again = client.begin({ scope: `${tokens.scope} orders:delete` });
    await page.goto(again.url.href);
    await allow();
    await page.waitForURL(`${client.redirectUri}?*`);
    const more = await tokensOf(client, again, new URL(page.url()));
    expect(await statusOf(more, "delete_order")).toBe(200);
    expect(await statusOf(more, "purge_customer")).toBe(403);
  });

  it("tells what the account does not have, in one more click, and leads to another account", async () => {
    house.tenant.control.setPermissions("rob", ["orders:read"]);
    const attempt = client.begin();
    await page.goto(attempt.url.href);
    await page.getByRole("button", { name: "Allow", exact: true }).click();
    await page.getByRole("button", { name: /^Rob/ }).click();
    await page.getByRole("heading", { name: "Not all of that is in your account" }).waitFor();
    await page.reload();
    expect(await page.getByText("Rob Stone").count()).toBe(1);
    await page.getByRole("button", { name: "Not you?" }).click();
    await page.getByRole("button", { name: /^Rob/ }).click();
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(`${client.redirectUri}?*`);
    const tokens = await tokensOf(client, attempt, new URL(page.url()));
    expect(await statusOf(tokens, "list_orders")).toBe(200);
  });

  it("begins at a page whose address is taken whole with one click", async () => {
    await page.goto(house.issuer);
    await page.locator(".mcp-address code").click();
    expect(await page.evaluate(() => getSelection()?.toString())).toBe(client.resource);
  });

  it("ends one connection with a click: its next call is 401, the other's goes on", async () => {
    const other = await meetStranger(client.resource, { client_name: "The other" });
    const kept = await client.signIn("ada");
    const ended = await other.signIn("ada");
    await page.goto(`${house.issuer}/connections`);
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.getByRole("button", { name: /^Ada/ }).click();
    const connection = page
      .getByRole("listitem")
      .filter({ has: page.getByRole("heading", { name: "The other" }) });
    await connection.getByRole("button", { name: "Disconnect" }).click();
    await page.waitForURL(`${house.issuer}/connections*`);
    expect(await connection.count()).toBe(0);
    expect(await page.getByRole("heading", { name: "A stranger" }).count()).toBeGreaterThan(0);
    expect(await statusOf(ended, "list_orders")).toBe(401);
    expect(await statusOf(kept, "list_orders")).toBe(200);
  });

  it("is led home from another name of this server, before anything begins", async () => {
    const url = client.begin().url;
    url.hostname = "127.0.0.1";
    await page.goto(url.href);
    expect(new URL(page.url()).origin).toBe(house.issuer);
    await allow();
    await page.waitForURL(`${client.redirectUri}?*`);
    expect(new URL(page.url()).searchParams.has("code")).toBe(true);
  });

  it("keeps its cookies over plain http on this computer", async () => {
    await page.goto(client.begin().url.href);
    const cookies = await context.cookies();
    expect(cookies).toHaveLength(1);
    expect(cookies[0]).toMatchObject({ secure: false, httpOnly: true, sameSite: "Lax" });
    expect(cookies[0]?.name).not.toMatch(/^__/);
  });
});

async function reasonOn(page: Page): Promise<string | null> {
  return page.locator(".facts code").first().textContent();
}

async function handleOn(page: Page): Promise<string | null> {
  return page.locator("input[name=handle]").getAttribute("value");
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${portOf(server)}`;
}
