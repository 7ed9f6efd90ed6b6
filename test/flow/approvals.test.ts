/**
 * A tool asks, the application cannot: the person answers at our page, and the same call goes
 * through. Who may see the question, who may answer it, and how often an answer counts.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PersonKey } from "../../dev/tenant/people.ts";
import { type House, startHouse } from "../support/house.ts";
import { callMcp, locationOf, meetStranger, type Stranger } from "../support/stranger.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";

let house: House;
let client: Stranger;
beforeAll(async () => {
  house = await startHouse({ entry: "test/support/approval-worker.ts" });
  client = await meetStranger(`${house.issuer}/mcp`, { client_name: "An old editor" });
});
afterAll(() => house.stop());

/** Calls a tool as a client of an older revision does; the text of the answer comes out. */
async function use(token: string, name: string, input: object): Promise<string> {
  const { response } = await callMcp(`${house.issuer}/mcp`, token, {
    method: "tools/call",
    params: { name, arguments: input },
  });
  return response.text();
}

function linkIn(text: string): string {
  const [link] = /http:\/\/localhost:\d+\/approve\/[\da-f]{64}/.exec(text) ?? [];
  if (link === undefined) throw new Error(`no link in ${text}`);
  return link;
}

/** Opens a link as a browser in which nobody is signed in yet, and signs in on the way. */
async function open(link: string, person: PersonKey): Promise<{ page: Response; jar: CookieJar }> {
  const jar: CookieJar = new Map();
  const asked = await (await visit(new URL(link), jar)).text();
  const [, href = ""] = /class="button main" href="([^"]+)"/.exec(asked) ?? [];
  const start = await visit(new URL(href.replaceAll("&amp;", "&"), house.issuer), jar);
  const back = await signIn(locationOf(start), person, jar);
  const home = locationOf(await visit(back, jar));
  expect(home.href).toBe(link);
  return { page: await visit(home, jar), jar };
}

async function answer(
  link: string,
  { page, jar }: Awaited<ReturnType<typeof open>>,
  fields: Readonly<Record<string, string>>,
): Promise<Response> {
  const [, csrf = ""] = /name="csrf" value="([^"]+)"/.exec(await page.text()) ?? [];
  return visit(new URL(link), jar, new URLSearchParams({ csrf, ...fields }));
}

describe("a destructive tool, called by an application that cannot ask", () => {
  it("runs once after the person said yes at our page", async () => {
    const { access_token: token } = await client.signIn("ada");
    const told = await use(token, "delete_invoices", { of: "Acme" });
    expect(told).toContain("Delete 3 invoices of Acme?");
    const link = linkIn(told);
    const visitor = await open(link, "ada");
    expect(visitor.page.status).toBe(200);
    const shown = await visitor.page.clone().text();
    for (const words of ["An old editor", "Delete invoices", "Delete 3 invoices of Acme?"])
      expect(shown).toContain(words);
    expect((await answer(link, visitor, { decision: "accept" })).status).toBe(200);
    expect(await use(token, "delete_invoices", { of: "Globex" })).toContain("/approve/");
    expect(await use(token, "delete_invoices", { of: "Acme" })).toContain(
      "Deleted 3 invoices of Acme.",
    );
    expect(await use(token, "delete_invoices", { of: "Acme" })).toContain("/approve/");
  });

  it("does nothing after the person said no", async () => {
    const { access_token: token } = await client.signIn("ada");
    const link = linkIn(await use(token, "delete_invoices", { of: "Initech" }));
    await answer(link, await open(link, "ada"), { decision: "decline" });
    expect(await use(token, "delete_invoices", { of: "Initech" })).toContain("did not approve");
  });

  it("asks its own person, and nobody else", async () => {
    const { access_token: token } = await client.signIn("ada");
    const link = linkIn(await use(token, "delete_invoices", { of: "Hooli" }));
    const { page, jar } = await open(link, "rob");
    expect(page.status).toBe(404);
    expect(await page.text()).not.toContain("Hooli");
    const form = new URLSearchParams({ csrf: "x", decision: "accept" });
    const forged = await visit(new URL(link), jar, form);
    expect(forged.status).toBe(403);
    expect(await use(token, "delete_invoices", { of: "Hooli" })).toContain("/approve/");
  });

  it("takes no answer that its page did not send", async () => {
    const { access_token: token } = await client.signIn("ada");
    const link = linkIn(await use(token, "delete_invoices", { of: "Umbrella" }));
    const { jar } = await open(link, "ada");
    const form = new URLSearchParams({ csrf: "forged", decision: "accept" });
    expect((await visit(new URL(link), jar, form)).status).toBe(403);
    expect(await use(token, "delete_invoices", { of: "Umbrella" })).toContain("/approve/");
  });
});

it("a form asks for texts, numbers, choices and marks", async () => {
  const { access_token: token } = await client.signIn("ada");
  const link = linkIn(await use(token, "order", {}));
  const visitor = await open(link, "ada");
  const shown = await visitor.page.clone().text();
  expect(shown).toContain('<option value="large">large</option>');
  expect(shown).toContain('type="number"');
  expect(shown).toContain('<label>Size<span class="quiet"> Of the box</span>');
  await answer(link, visitor, {
    decision: "accept",
    "question_1.size": "large",
    "question_1.count": "2",
    "question_1.note": "",
    "question_1.gift": "true",
  });
  const content = { size: "large", count: 2, gift: true };
  const said = JSON.parse(await use(token, "order", {}));
  expect(JSON.parse(said.result.content[0].text)).toEqual({ action: "accept", content });
});

it("an address that was never given leads nowhere", async () => {
  const { page } = await open(`${house.issuer}/approve/${"0".repeat(64)}`, "ada");
  expect(page.status).toBe(404);
  expect((await visit(new URL("/approve/x", house.issuer), new Map())).status).toBe(404);
});
