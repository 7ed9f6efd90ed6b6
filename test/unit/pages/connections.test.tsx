import { describe, expect, it } from "vitest";
import {
  ConnectionsPage,
  SignedOutPage,
  type Connection,
} from "../../../src/pages/connections.tsx";
import { describePermissions } from "../../../src/pages/scope.ts";
import { readBoxes } from "../../support/boxes.ts";

const tools = [{ title: "Read", description: "Reads.", permissions: ["tool:read"] }];

const CLAUDE: Connection = {
  id: "grant-1",
  clientName: "Claude",
  verifiedAddress: "https://claude.ai/oauth/client.json",
  clientFamily: "claude",
  connectedAt: 1_795_000_000,
  lastUsedAt: 1_795_400_000,
  permissionCount: 1,
  permissions: describePermissions(["tool:read"], { tools }).map((facts) => ({
    ...facts,
    isTicked: true,
  })),
  idleDays: 7,
};

const html = (...connections: Connection[]) => pageOf({ connections });
const pageOf = (facts: Partial<Parameters<typeof ConnectionsPage>[0]>) =>
  ConnectionsPage({
    profile: { name: "Ada Byrne" },
    connections: [],
    remembered: [],
    accounts: [],
    idleDaysChoices: [30, 7, 1],
    csrf: "a-proof",
    action: "/connections",
    hrefOf: (id) => `/connections?show=${id}#shown`,
    signInHref: "/connections/sign-in",
    signOutAction: "/connections/sign-out",
    ...facts,
  }).toString();
const formsOf = (page: string) => page.match(/<form[^]*?<\/form>/g) ?? [];
const form = (page: string, action: string) =>
  formsOf(page).filter((text) => text.includes(`name="do" value="${action}"`));

describe("the connections page", () => {
  it("says who is signed in, and leads to another account", () => {
    expect(html()).toContain("<b><bdi>Ada Byrne</bdi></b>");
    expect(html()).toContain('href="/connections/sign-in?account=other">Not you?</a>');
  });

  it("leads to the details of a connection where there are too many for one page", () => {
    const row = html({ ...CLAUDE, permissions: undefined, permissionCount: 120 });
    expect(row).toContain(
      '<a href="/connections?show=grant-1#shown">It has 120 permissions, and when it ends</a>',
    );
    expect(form(row, "narrow")).toEqual([]);
    expect(form(row, "end")).toHaveLength(1);
    const shown = html({ ...CLAUDE, isOpen: true });
    expect(shown).toContain('<li id="shown">');
    expect(shown).toContain("<details open");
    expect(form(shown, "narrow")).toHaveLength(1);
  });

  it("says who is connected, since when, last used when and from what, for what", () => {
    const page = html(CLAUDE);
    expect(page).toContain("<bdi>Claude</bdi>");
    expect(page).toContain("https://<b>claude.ai</b>/oauth/client.json");
    expect(page).toContain(
      '<time datetime="2026-11-18T11:06:40.000Z">18 Nov 2026 11:06 UTC</time>',
    );
    expect(page).toContain(
      '<time datetime="2026-11-23T02:13:20.000Z">23 Nov 2026 02:13 UTC</time> from Claude',
    );
    expect(page).toContain("It has 1 permission");
    expect(page).toContain("Use “Read”</label>");
  });

  it("says that a name is unverified and a connection was never used", () => {
    const { verifiedAddress: _, lastUsedAt: _never, ...rest } = CLAUDE;
    const page = html(rest);
    expect(page).toContain("Unverified");
    expect(page).toContain("never used");
  });

  it("ends one: a form for each, which posts its id and the proof and says what it ends", () => {
    const ends = form(html(CLAUDE, { ...CLAUDE, id: "grant-2", clientName: "Cursor" }), "end");
    expect(ends).toHaveLength(2);
    expect(ends[1]).toContain('<form method="post" action="/connections">');
    expect(ends[1]).toContain('<input type="hidden" name="csrf" value="a-proof"/>');
    expect(ends[1]).toContain('<input type="hidden" name="id" value="grant-2"/>');
    expect(ends[1]).toContain('Disconnect<span class="unseen"> Cursor</span>');
  });

  it("narrows one: what it has is ticked, and ids are unique on the page", () => {
    const page = html(CLAUDE, { ...CLAUDE, id: "grant-2" });
    const [narrow = ""] = form(page, "narrow");
    expect(readBoxes(narrow)).toEqual([{ field: "permission=tool:read", isTicked: true }]);
    expect(narrow).toContain('<input type="hidden" name="choices" value="shown"/>');
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(form(html({ ...CLAUDE, permissions: [], permissionCount: 0 }), "narrow")).toEqual([]);
  });

  it("lets one end by itself", () => {
    const [idle = ""] = form(html(CLAUDE), "idle");
    expect(idle).toContain('<option value="7" selected="">7 days</option>');
    expect(idle).toContain('<option value="1">1 day</option>');
  });

  it("ends all of them, when there are several", () => {
    expect(form(html(CLAUDE), "end-all")).toEqual([]);
    expect(form(html(CLAUDE, { ...CLAUDE, id: "grant-2" }), "end-all")).toHaveLength(1);
  });

  it("says that an application's own button may end nothing here", () => {
    expect(html(CLAUDE)).toContain("need not reach this server: Claude&#39;s, for one");
  });

  it("lets the person sign out", () => {
    const [signOut, ...others] = formsOf(html());
    expect(others).toEqual([]);
    expect(signOut).toContain('<form method="post" action="/connections/sign-out">');
    expect(signOut).toContain(">Sign out</button>");
  });

  it("shows what the application chose as text", () => {
    const page = html({
      ...CLAUDE,
      clientName: "<script>\u202Ex",
      verifiedAddress: "<b>",
      id: `"><script>`,
    });
    expect(page).not.toContain("<script>");
    expect(page).toContain("&lt;script&gt;x");
  });

  it("says so when there is none", () => {
    expect(html()).toContain("No application is connected in your name.");
    expect(html()).not.toContain("Disconnect");
  });

  it("offers to sign in", () => {
    const page = SignedOutPage({
      signInHref: "/connections/sign-in?a=1&b=2",
      title: "Your connections",
    }).toString();
    expect(page).toContain('href="/connections/sign-in?a=1&amp;b=2"');
  });
});

describe("what tools remember", () => {
  const note = { tool: "note", titles: ["Note", "Erase <b>"], count: 1, until: 1_795_000_000 };
  const other = { tool: "gone", titles: ["gone"], count: 3, until: 1_795_000_000 };

  it("is not spoken of while there is nothing", () => {
    expect(html(CLAUDE)).not.toContain("What tools remember");
  });

  it("is told by tool, how much and until when, each with a button of its own", () => {
    const page = pageOf({ remembered: [note] });
    expect(page).toContain("<b>Note, Erase &lt;b&gt;</b>");
    expect(page).toContain("1 thing, until <time");
    const [erase = "", ...others] = form(page, "erase");
    expect(others).toEqual([]);
    expect(erase).toContain('name="csrf" value="a-proof"');
    expect(erase).toContain('name="tool" value="note"');
    expect(erase).toContain('Erase<span class="unseen"> what Note remembers</span>');
  });

  it("can be erased together when several remember", () => {
    const forms = form(pageOf({ remembered: [note, other] }), "erase");
    expect(forms.map((text) => /name="tool" value="(\w+)"/.exec(text)?.[1])).toEqual([
      "note",
      "gone",
      undefined,
    ]);
  });
});
