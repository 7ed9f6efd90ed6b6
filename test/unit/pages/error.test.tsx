import { describe, expect, it } from "vitest";
import { REFUSALS, type Reason } from "../../../src/errors.ts";
import { adviceFor } from "../../../src/pages/advice.ts";
import { ErrorPage } from "../../../src/pages/error.tsx";

const FAILURE = {
  heading: "Heading",
  text: "Text.",
  reason: "internal_error",
  requestId: "request-1",
};

describe("the error page", () => {
  it("says what happened, the code of the log and the request", () => {
    const page = ErrorPage(FAILURE).toString();
    expect(page).toContain("<h1>Heading</h1><p>Text.</p>");
    expect(page).toContain("<dt>Reason</dt><dd><code>internal_error</code></dd>");
    expect(page).toContain("<dt>Request</dt><dd><code>request-1</code></dd>");
    expect(page).not.toMatch(/<section>|mailto:/);
    expect(page).toContain('<a class="button" href="/">About this server</a>');
  });

  it("lists hints for whom they are", () => {
    expect(ErrorPage({ ...FAILURE, hints: ["One."] }).toString()).toContain(
      "<h2>What you can do</h2><p>One.</p>",
    );
    expect(ErrorPage({ ...FAILURE, operatorHints: ["One.", "Two."] }).toString()).toContain(
      "<summary>For whoever runs this server</summary><ol><li>One.</li><li>Two.</li></ol>",
    );
    expect(ErrorPage({ ...FAILURE, detail: "state is missing." }).toString()).toContain(
      "<summary>For the maker of the application</summary><p>state is missing.</p>",
    );
  });

  it.each([
    ["help@acme.test", "mailto:help@acme.test?subject="],
    [undefined, "mailto:?subject="],
    ["https://acme.test/help", "https://acme.test/help"],
  ])("carries to an administrator (%s) what only they can do", (contact, href) => {
    const page = ErrorPage({ ...FAILURE, operatorHints: ["Do <this> & that."], contact });
    const [, link = ""] = /href="([^"]*)">Tell an administrator/.exec(page.toString()) ?? [];
    expect(link.startsWith(href)).toBe(true);
    const body = new URLSearchParams(link.replaceAll("&amp;", "&").split("?")[1]).get("body");
    if (link.startsWith("mailto:"))
      expect(body).toContain(
        "Heading (reason internal_error, request request-1)\r\n\r\n1. Do <this> & that.",
      );
  });

  it("links to where to go from here, escaped", () => {
    const page = ErrorPage({
      ...FAILURE,
      action: { href: 'https://c.example/cb?error=x&state="<>', label: "Return to <C>" },
    }).toString();
    expect(page).toContain('href="https://c.example/cb?error=x&amp;state=&quot;&lt;&gt;"');
    expect(page).toContain(">Return to &lt;C&gt;</a>");
  });
});

describe("the advice", () => {
  it.each<[Reason, RegExp]>([
    [
      "identity_permissions_missing",
      /RBAC Settings.*“Enable RBAC”.*“Add Permissions in the Access Token”/,
    ],
    ["identity_token_opaque", /AUTH0_AUDIENCE.*trailing slash.*JSON Web Encryption/],
    ["identity_algorithm_refused", /RS256/],
    ["identity_client_rejected", /AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET/],
    ["identity_metadata_invalid", /AUTH0_DOMAIN/],
    ["identity_refused", /Allowed Callback URLs.*\/auth\/callback/],
    ["identity_denied", /administrator/],
    ["identity_unavailable", /in a moment/],
    ["authorization_expired", /start again from your application/],
    ["client_unknown", /add it again/],
  ])("for %s names the switch", (reason, words) => {
    expect(adviceFor(reason).steps.join(" ")).toMatch(words);
  });

  it.each(Object.keys(REFUSALS).filter(isReason))(
    "for %s has a heading and, unless nothing is there, a step",
    (reason) => {
      const { heading, steps } = adviceFor(reason);
      expect(heading).toMatch(/^[A-Z][^.]+$/);
      if (reason !== "not_found") expect(steps.length).toBeGreaterThan(0);
    },
  );

  it("never blames the person for a fault of ours", () => {
    expect(adviceFor("internal_error").heading).toBe("Something went wrong");
    expect(adviceFor("store_unavailable").heading).toBe("Please try again shortly");
  });
});

function isReason(text: string): text is Reason {
  return text in REFUSALS;
}
