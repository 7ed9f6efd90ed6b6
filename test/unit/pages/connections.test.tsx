import { describe, expect, it } from "vitest";
import {
  ConnectionsPage,
  SignedOutPage,
  type Connection,
} from "../../../src/pages/connections.tsx";

const CLAUDE: Connection = {
  id: "grant-1",
  clientName: "Claude",
  clientDomain: "claude.ai",
  connectedAt: 1_795_000_000,
  lastUsedAt: 1_795_400_000,
  scopes: ["openid", "tool:read"],
};

const tools = [
  { title: "Read", description: "Reads.", permissions: ["tool:read"] },
  { title: "Time", description: "The time.", permissions: [] },
];
const html = (...connections: Connection[]) =>
  ConnectionsPage({
    connections,
    tools,
    csrf: "a-proof",
    action: "/connections",
    signOutAction: "/connections/sign-out",
  }).toString();

describe("the connections page", () => {
  it("says who is connected, since when, last used when, for what", () => {
    const page = html(CLAUDE);
    expect(page).toContain("<bdi>Claude</bdi>");
    expect(page).toContain("Verified: claude.ai");
    expect(page).toContain(
      '<time datetime="2026-11-18T11:06:40.000Z">18 Nov 2026 11:06 UTC</time>',
    );
    expect(page).toContain(
      '<time datetime="2026-11-23T02:13:20.000Z">23 Nov 2026 02:13 UTC</time>',
    );
    expect([...page.matchAll(/<li>(.*?)<\/li>/g)].map((match) => match[1])).toEqual([
      "Know who you are",
      "Use “Read”",
    ]);
  });

  it("says that a name is unverified and a connection was never used", () => {
    const page = html({ id: "2", clientName: "Claude", connectedAt: 0, scopes: [] });
    expect(page).toContain("Unverified name");
    expect(page).toContain("never used");
  });

  it("has one form for each, which posts its id and the proof and says what it ends", () => {
    const forms =
      html(CLAUDE, { ...CLAUDE, id: "grant-2", clientName: "Cursor" }).match(
        /<form[^]*?<\/form>/g,
      ) ?? [];
    expect(forms).toHaveLength(3);
    expect(forms[1]).toContain('<form method="post" action="/connections">');
    expect(forms[1]).toContain('<input type="hidden" name="csrf" value="a-proof"/>');
    expect(forms[1]).toContain('<input type="hidden" name="id" value="grant-2"/>');
    expect(forms[1]).toContain('Disconnect<span class="unseen"> Cursor</span>');
  });

  it("lets the person sign out", () => {
    const [form, ...others] = html().match(/<form[^]*?<\/form>/g) ?? [];
    expect(others).toEqual([]);
    expect(form).toContain('<form method="post" action="/connections/sign-out">');
    expect(form).toContain(">Sign out</button>");
  });

  it("shows what the application chose as text", () => {
    const page = html({
      ...CLAUDE,
      clientName: "<script>\u202Ex",
      clientDomain: "<b>",
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
    const page = SignedOutPage({ signInHref: "/connections/sign-in?a=1&b=2" }).toString();
    expect(page).toContain('href="/connections/sign-in?a=1&amp;b=2"');
  });
});
