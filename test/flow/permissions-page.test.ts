/**
 * What a person may do, on a page of their own; and what strangers are told when the operator hides
 * what is not for everybody.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PersonKey } from "../../dev/tenant/people.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import { signInHere } from "../support/own-pages.ts";
import { SHOP_PERMISSIONS } from "../support/shop-permissions.ts";
import { callMcp, locationOf, meetStranger, type Stranger } from "../support/stranger.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";

let house: House;
let hidden: TestWorker;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse({ variables: { TEST_OFFERINGS: "shop" } });
  hidden = await house.startAnother({ TEST_OFFERINGS: "shop", TEST_HIDDEN: "true" });
  client = await meetStranger(`${house.issuer}/mcp`, { client_name: "The <b>Shopper" });
});
afterAll(() => house.stop());
beforeEach(() => {
  house.tenant.control.clear();
  house.tenant.control.setPermissions("ada", SHOP_PERMISSIONS);
  house.tenant.control.setPermissions("rob", ["orders:read"]);
});

describe("/permissions", () => {
  it("asks who is not signed in to sign in, and comes back to the same page", async () => {
    const jar: CookieJar = new Map();
    const response = await visit(address("/permissions"), jar);
    expect(response.status).toBe(200);
    const [, href = ""] = /href="([^"]*sign-in[^"]*)"/.exec(await response.text()) ?? [];
    const away = locationOf(await visit(address(href.replaceAll("&amp;", "&")), jar));
    expect(away.searchParams.has("prompt")).toBe(false);
    const back = locationOf(await visit(await signIn(away, "rob", jar), jar));
    expect(back.href).toBe(`${house.issuer}/permissions`);
  });

  it("shows what the person holds, and which application was allowed it", async () => {
    await client.signIn("rob", { scope: "openid orders:read offline_access" });
    const html = await pageOf("rob");
    expect(html).toContain("Rob Stone");
    expect(html).toContain("You hold 1 of 5 permissions");
    expect(rowOf(html, "orders:read")).toMatch(/You hold it.*Allowed to The &lt;b&gt;Shopper/);
    expect(rowOf(html, "orders:delete")).toMatch(/You do not hold it.*No application has it/);
    expect(html).toContain("auth0 apis update");
    expect(html).toContain(house.variables["AUTH0_AUDIENCE"]);
  });

  it("shows nobody what another allowed", async () => {
    await client.signIn("rob", { scope: "openid orders:read offline_access" });
    expect(rowOf(await pageOf("ada"), "orders:read")).not.toContain("Shopper");
  });

  it("allows the picture of the profile, and nothing else from elsewhere", async () => {
    const jar = await signInHere(house.issuer, "ada");
    for (const path of ["/permissions", "/connections"]) {
      const response = await visit(address(path), jar);
      expect(response.headers.get("content-security-policy")).toContain(
        "img-src 'self' https://cdn.auth0.com/avatars/ad.png;",
      );
    }
  });

  it("costs one round trip, as the connections do", async () => {
    const jar = await signInHere(house.issuer, "ada");
    for (const path of ["/permissions", "/connections"]) {
      house.store.wire.take();
      await visit(address(path), jar);
      expect(house.store.wire.take()).toHaveLength(1);
    }
  });

  it("tells nobody's name in a cookie", async () => {
    const jar = await signInHere(house.issuer, "ada");
    const cookies = [...jar.values()].map(({ value }) => Buffer.from(value, "base64").toString());
    expect(cookies.join()).not.toMatch(/ada|byrne|acme/i);
  });

  it("leads to another account", async () => {
    const away = locationOf(
      await visit(address("/connections/sign-in?to=/permissions&account=other"), new Map()),
    );
    expect(away.searchParams.get("prompt")).toBe("login");
  });
});

describe("a server that hides what is not for everybody", () => {
  const everything = /orders:|customers:|List orders|Delete order|list_orders/;

  it.each([
    "/",
    "/llms.txt",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-protected-resource/mcp",
    "/mcp/server-card",
    "/.well-known/ai-catalog.json",
    "/server.json",
  ])("names no tool and no permission at %s", async (path) => {
    const text = async (url: string) =>
      (await fetch(url + path, { headers: { accept: "text/html" } })).text();
    expect(await text(hidden.url)).not.toMatch(everything);
    if (path === "/" || path === "/llms.txt" || path.includes("authorization-server"))
      expect(await text(house.url)).toMatch(everything);
  });

  it("grants them all the same", async () => {
    const { access_token } = await client.signIn("ada");
    const { answer } = await callMcp(`${hidden.url}/mcp`, access_token, { method: "tools/list" });
    expect(answer.result?.tools?.map(({ name }) => name)).toContain("delete_order");
  });
});

function address(path: string): URL {
  return new URL(path, house.issuer);
}

async function pageOf(person: PersonKey): Promise<string> {
  return (await visit(address("/permissions"), await signInHere(house.issuer, person))).text();
}

function rowOf(html: string, permission: string): string {
  const rows = html.match(/<li class="permission">[^]*?<\/li>/g) ?? [];
  return rows.find((row) => row.includes(`>${permission}<`)) ?? "";
}
