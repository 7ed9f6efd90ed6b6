import { describe, expect, it } from "vitest";
import { type Confirmation, ConfirmationPage } from "../../../src/pages/confirmation.tsx";
import { describePermissions } from "../../../src/pages/scope.ts";

const facts = (...names: string[]) => describePermissions(names, { tools: [] });

const CONFIRMATION: Confirmation = {
  clientName: "Claude",
  redirectUri: "https://claude.ai/api/mcp/auth_callback",
  profile: { name: "Ada Byrne", email: "ada@acme.test" },
  gained: facts("a:read"),
  kept: [],
  missing: facts("a:write"),
  tools: [],
  handle: "a-handle",
  action: "/authorize/confirm",
};

const html = (change: Partial<Confirmation> = {}) =>
  ConfirmationPage({ ...CONFIRMATION, ...change }).toString();
const text = (change: Partial<Confirmation> = {}) =>
  html(change)
    .replace(/<style>[^]*<\/style>/, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");

describe("the page between the sign-in and the client", () => {
  it("says who is signed in, what the account lacks, and what the application gets", () => {
    expect(html()).toContain("<h1>Not all of that is in your account</h1>");
    expect(text()).toContain("Ada Byrne ada@acme.test Not you?");
    expect(text()).toContain("Not in your account Read only 1 Hold the permission “a:write”");
    expect(text()).toContain("Claude will get Read only 1 Hold the permission “a:read”");
    expect(text()).not.toContain("It has already");
  });

  it("says what is more than before", () => {
    const more = { missing: [], kept: facts("a:list") };
    expect(text(more)).toContain("This is more than before");
    expect(text(more)).toContain("Claude will also get");
    expect(text(more)).toContain("It has already Read only 1 Hold the permission “a:list”");
    expect(text(more)).not.toContain("Not in your account");
  });

  it("names the tools that came later under what it has", () => {
    const tool = { title: "Drop all", description: "Drops.", permissions: ["a:list"] };
    const later = { missing: [], gained: [], kept: facts("a:list"), tools: [tool] };
    expect(text(later)).toContain("Drop all : Drops. It came after you allowed what it needs.");
  });

  it("asks when somebody else is signed in than the one who had it remembered", () => {
    expect(text({ missing: [] })).toContain("Connect with this account?");
  });

  it("says so when there is nothing to get", () => {
    expect(text({ gained: [] })).toContain(
      "Only who you are, and what is open to everyone who signs in.",
    );
  });

  it("goes on, back, or to another account", () => {
    const form = /<form method="post" action="\/authorize\/confirm">[^]*<\/form>/.exec(html())?.[0];
    expect(form).toContain('<input type="hidden" name="handle" value="a-handle"/>');
    expect(
      [...(form ?? "").matchAll(/<button class="[^"]*" name="decision" value="(\w+)">/g)].map(
        (match) => match[1],
      ),
    ).toEqual(["switch", "allow", "deny"]);
  });

  it("shows what the application chose as text", () => {
    expect(html({ clientName: "<script>" })).not.toContain("<script>");
  });
});
