import { describe, expect, it } from "vitest";
import { ConsentPage, type ConsentRequest } from "../../../src/pages/consent.tsx";
import { renderHtml } from "../../../src/pages/layout.tsx";
import { createLook, PLAIN_SITE } from "../../../src/pages/look.ts";
import type { Choice } from "../../../src/pages/permission-choice.tsx";
import { readBoxes } from "../../support/boxes.ts";

const choice = (name: string, effect: Choice["effect"], more: Partial<Choice> = {}): Choice => ({
  name,
  sentence: `Do ${name}`,
  effect,
  tools: [{ title: `Tool of ${name}`, description: "It works.", permissions: [name] }],
  isTicked: true,
  ...more,
});

const REQUEST: ConsentRequest = {
  client: {
    name: "Claude",
    standing: { kind: "verified", address: "https://claude.ai/oauth/client.json" },
    uri: "https://claude.ai/about",
  },
  redirectIsLoopback: false,
  redirectUri: "https://claude.ai/api/mcp/auth_callback",
  scopes: ["openid", "email", "offline_access", "a:read"],
  choices: [choice("a:read", "reads")],
  openTools: [{ title: "Get the time", description: "UTC.", permissions: [] }],
  idleDays: 30,
  mayBeRemembered: true,
  handle: "a-handle",
  action: "/authorize",
  resource: "https://mcp.example.com/mcp",
};

const html = (change: Partial<ConsentRequest> = {}) =>
  ConsentPage({ ...REQUEST, ...change }).toString();
const text = (change: Partial<ConsentRequest> = {}) =>
  html(change)
    .replace(/<style>[^]*<\/style>/, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");
const fieldsets = (page: string) => page.match(/<fieldset[^]*?<\/fieldset>/g) ?? [];

describe.each([
  [7, "as it is"],
  [40, "as it is"],
  [100, "compressed"],
  [500, "compressed"],
])("with %d permissions", (count, how) => {
  const effects = ["reads", "changes", "deletes"] as const;
  const choices = Array.from({ length: count }, (_, at) =>
    choice(`area_${at}:act`, effects[at % 3] ?? "reads", {
      sentence: `Do something with area ${at} in your name`,
    }),
  );

  it(`is under 30 KB ${how}, and each can be unticked`, async () => {
    const page = renderHtml(ConsentPage({ ...REQUEST, choices }), await createLook(PLAIN_SITE));
    expect(page.match(/name="permission"/g)).toHaveLength(count);
    const sent = new Response(page).body?.pipeThrough(new CompressionStream("gzip"));
    const size = how === "compressed" ? await new Response(sent).arrayBuffer() : new Blob([page]);
    expect("byteLength" in size ? size.byteLength : size.size).toBeLessThan(30_000);
  });
});

it("shows what is new before what is folded", () => {
  const many = Array.from({ length: 9 }, (_, at) => choice(`a:${at}`, "reads"));
  const page = html({ choices: many.map((one, at) => (at === 8 ? { ...one, isNew: true } : one)) });
  const [shown = "", folded = ""] = (fieldsets(page)[0] ?? "").split("<details");
  expect(shown).toContain("Do a:8 <span");
  expect(shown).not.toContain("Do a:0");
  expect(folded).toContain("The other 8");
  expect(folded).not.toContain("Do a:8");
});

describe("the consent page", () => {
  it("says who asks, for which server, and where the answer goes", () => {
    expect(html()).toContain("<h1><bdi>Claude</bdi> asks to connect</h1>");
    expect(text()).toContain("to the tools at mcp.example.com");
    expect(html()).toContain("https://<b>claude.ai</b>/oauth/client.json");
    expect(text()).toContain("Verified: it is described at this address.");
    expect(html()).toContain(
      '<dt>Your answer goes to</dt><dd><bdi class="address"><b>claude.ai</b></bdi></dd>',
    );
  });

  it.each([
    [{ kind: "unverified" }, "Unverified: it registered itself, and nobody vouches for its name."],
    [{ kind: "operator" }, "Added by the operator of this server."],
  ] as const)("says who vouches for %j", (standing, words) => {
    const page = text({ client: { name: "Claude", standing } });
    expect(page).toContain(words);
    expect(page).not.toContain("Verified:");
  });

  it("lets the registered domain stand out", () => {
    const redirectHost = "claude.ai.evil.example";
    expect(html({ redirectUri: `https://${redirectHost}/cb` })).toContain(
      '<bdi class="address">claude.ai.<b>evil.example</b></bdi>',
    );
  });

  it("warns when a verified application has the answer sent to another website", () => {
    const elsewhere = { redirectUri: "https://cb.example/cb" };
    expect(text(elsewhere)).toContain("Not the website that asks");
    const own = { redirectUri: "https://app.claude.ai/cb" };
    expect(text(own)).not.toContain("Not the website that asks");
  });

  it("warns of a redirect to this computer", () => {
    const local = {
      redirectIsLoopback: true,
      redirectUri: "http://localhost:54212/callback",
    };
    expect(text(local)).toContain("localhost An application on this computer");
    expect(text()).not.toContain("on this computer");
  });

  it("says that a private-use address opens an application on this device", () => {
    const uri = "cursor://anysphere.cursor-mcp/oauth/callback";
    expect(text({ redirectUri: uri })).toContain(`${uri} An application on this device`);
  });

  it("has a box for each permission, with what it opens, and tells what has none", () => {
    expect(readBoxes(html())).toEqual([
      { field: "permission=a:read", isTicked: true },
      { field: "hour=reads", isTicked: false },
      { field: "remember=yes", isTicked: false },
    ]);
    expect(text()).toContain("Do a:read Tool of a:read : It works.");
    expect(text()).toContain("Use what is open to everyone who signs in Get the time.");
    expect(text()).toContain(
      "Know who you are Your account&#39;s identifier and your email address.",
    );
  });

  it("groups them by what can happen, counted, with those that delete apart and in one box", () => {
    const page = html({
      choices: [
        choice("d1", "deletes"),
        choice("r1", "reads"),
        choice("d2", "deletes", { isTicked: false }),
        choice("c1", "changes"),
      ],
    });
    expect(
      fieldsets(page).map((group) =>
        group
          .replace(/<[^>]*>/g, " ")
          .trim()
          .slice(0, 26),
      ),
    ).toEqual([
      expect.stringMatching(/^Read only +1 /),
      expect.stringMatching(/^Makes changes +1 /),
      expect.stringMatching(/^Can delete or overwrite +2/),
    ]);
    expect(readBoxes(fieldsets(page)[2] ?? "")).toEqual([
      { field: "deleting=yes", isTicked: true },
      { field: "permission=d1", isTicked: true },
      { field: "permission=d2", isTicked: false },
      { field: "hour=deletes", isTicked: false },
    ]);
  });

  it("has no box for all of one that deletes", () => {
    expect(html({ choices: [choice("d1", "deletes")] })).not.toContain('name="deleting"');
  });

  it("folds a group of more than six, and keeps its boxes", () => {
    const choices = Array.from({ length: 7 }, (_, at) => choice(`r${at}`, "reads"));
    expect(fieldsets(html({ choices: choices.slice(1) }))[0]).not.toContain("<details");
    const [group = ""] = fieldsets(html({ choices }));
    expect(group).toContain('<details class="fold"><summary>All 7, one by one</summary>');
    expect(readBoxes(group)).toHaveLength(8);
  });

  it("marks what is new to an application that asks for more", () => {
    const page = html({ choices: [choice("a", "reads", { isNew: true }), choice("b", "reads")] });
    expect(page).toContain("asks for more</h1>");
    expect(page.match(/<span class="new">/g)).toHaveLength(1);
  });

  it("says how long it lasts", () => {
    expect(text()).toContain("Until you disconnect it Or until it has not been used for 30 days.");
    expect(text({ idleDays: undefined })).toContain("Until your sign-in ends");
    expect(text({})).toContain("Or until it has not been used for 30 days. You see");
    expect(text({ longestSeconds: 90 * 86_400 })).toContain(
      "Or until it has not been used for 30 days, or it is 90 days old. You see",
    );
    expect(text({ longestSeconds: 8 * 3600 })).toContain("Or until it is 8 hours old. You see");
  });

  it("offers to remember only where that is allowed", () => {
    expect(html({ mayBeRemembered: false })).not.toContain('name="remember"');
  });

  it("posts the handle with a decision: allow, deny, or another account, all of them buttons", () => {
    const form = /<form method="post" action="\/authorize">[^]*<\/form>/.exec(html())?.[0] ?? "";
    expect(form).toContain('<input type="hidden" name="handle" value="a-handle"/>');
    expect(
      [...form.matchAll(/<button class="[^"]*" name="decision" value="(\w+)">/g)].map(
        (match) => match[1],
      ),
    ).toEqual(["allow", "deny", "switch"]);
    expect(html()).not.toMatch(/tabindex|autofocus|disabled/);
  });

  it("has the exact redirect, website, resource and scopes for those who look", () => {
    expect(text()).toContain("Redirect https://claude.ai/api/mcp/auth_callback");
    expect(text()).toContain("Website https://claude.ai/about (not checked)");
    expect(text()).toContain("Scopes openid email offline_access a:read");
  });

  it("never links to or loads what the client chose", () => {
    expect(html().replace(/<head>[^]*<\/head>/, "")).not.toMatch(/\s(href|src)=/);
  });

  it.each([
    ["markup", '<img src=x onerror="alert(1)">', '<img src=x onerror="alert(1)">'],
    ["an entity", "&lt;b&gt;", "&lt;b&gt;"],
    ["an override", "Claude\u202Eedualc", "Claudeedualc"],
    ["an emoji", "Claude 🤖", "Claude 🤖"],
    ["2 000 characters", "W".repeat(2000), `${"W".repeat(63)}…`],
  ])("shows a hostile name as text: %s", (_what, name, shown) => {
    const escaped = shown
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;");
    const page = html({ client: { name, standing: { kind: "unverified" } } });
    expect(page).toContain(`<bdi>${escaped}</bdi>`);
    expect(page).toContain(`<title>Allow ${escaped}?`);
  });

  it("escapes a hostile handle, action, host, address, redirect, website, permission and scope", () => {
    const evil = `"><script>alert(1)</script>`;
    const page = html({
      handle: evil,
      action: evil,
      redirectUri: evil,
      scopes: [evil],
      choices: [choice(evil, "reads")],
      client: { name: evil, standing: { kind: "verified", address: evil }, uri: evil },
    });
    expect(page).not.toContain("<script");
    expect(page.replaceAll('checked=""', "")).not.toContain(`=""`);
  });
});
