import { describe, expect, it } from "vitest";
import * as z from "zod";
import { explainFailure, renderRefusal } from "../../../src/edge/failure.ts";
import { type Reason, Refusal, REFUSALS } from "../../../src/errors.ts";
import { createLook } from "../../../src/pages/look.ts";
import { site } from "../../support/served.ts";

const look = await createLook(site);
const REASONS = Object.keys(REFUSALS).filter((name): name is Reason => name in REFUSALS);
const asJson = { wants: "oauth", requestId: "request-1", look } as const;
const asPage = { wants: "page", requestId: "request-1", look } as const;

describe("renderRefusal for a client", () => {
  it("answers the code and fixed text of the reason (RFC 6749 §5.2)", async () => {
    const response = renderRefusal(new Refusal("code_replayed"), asJson);
    expect(response.status).toBe(400);
    expect(response.headers.get("Content-Type")).toMatch(/^application\/json/);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(response.headers.get("Retry-After")).toBeNull();
    expect(await response.json()).toEqual({
      error: "invalid_grant",
      error_description: "This authorization code was used before. Please connect again.",
    });
  });

  it.each([
    [new Refusal("store_unavailable"), "5"],
    [new Refusal("store_rate_limited", { retryAfterSeconds: 17.2 }), "18"],
    [new Refusal("grant_busy", { retryAfterSeconds: 1 }), "1"],
  ])("says when to try again", async (refusal, retryAfter) => {
    const response = renderRefusal(refusal, asJson);
    expect(response.status).toBe(503);
    expect(response.headers.get("Retry-After")).toBe(retryAfter);
    expect(await response.json()).toMatchObject({ error: "temporarily_unavailable" });
  });

  it.each([
    new Error("SET mcp:secret-canary"),
    "secret-canary",
    undefined,
    null,
    { reason: "code_replayed" },
  ])("answers anything else as a fault, without its words", async (thrown) => {
    const response = renderRefusal(thrown, asJson);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      error: "server_error",
      error_description: "Something went wrong on our side.",
    });
  });

  it.each(Object.entries(REFUSALS))(
    "%s has a text that RFC 6749 §5.2 allows",
    (_reason, { text, code }) => {
      expect(text).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/);
      expect(code).toMatch(/^[a-z_]+$/);
    },
  );
});

describe("renderRefusal for a client that waits for its tokens", () => {
  it.each(Object.entries(REFUSALS).filter(([, { code }]) => code === "server_error"))(
    "says of %s, which only an operator can mend, that it passes",
    async (reason, { status, text }) => {
      const response = renderRefusal(new Refusal(z.literal(REASONS).parse(reason)), {
        ...asJson,
        wants: "token",
      });
      expect(response.status).toBe(status);
      expect(await response.json()).toEqual({
        error: "temporarily_unavailable",
        error_description: text,
      });
    },
  );

  it("says of a fault of ours that it passes", async () => {
    const response = renderRefusal(new Error("canary"), { ...asJson, wants: "token" });
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ error: "temporarily_unavailable" });
  });

  it("says of what has ended that it has", async () => {
    const response = renderRefusal(new Refusal("grant_ended"), { ...asJson, wants: "token" });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: "invalid_grant" });
  });
});

describe("renderRefusal for a person", () => {
  it("answers a page with the status, the switch to set, the reason and the request", async () => {
    const response = renderRefusal(new Refusal("identity_permissions_missing"), asPage);
    const html = await response.text();
    expect(response.status).toBe(503);
    expect(response.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(response.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
    expect(response.headers.get("Location")).toBeNull();
    expect(html).toContain("Turn on “Enable RBAC”.");
    expect(html).toContain("You did nothing wrong.");
    expect(html).toContain("identity_permissions_missing");
    expect(html).toContain("request-1");
  });

  it("offers the way back to the client, its name made printable", async () => {
    const returnTo = {
      href: "https://c.example/cb?error=server_error&state=s",
      clientName: "C\u202E<b>",
    };
    const html = await renderRefusal(new Refusal("identity_denied"), {
      ...asPage,
      returnTo,
    }).text();
    expect(html).toContain('href="https://c.example/cb?error=server_error&amp;state=s"');
    expect(html).toContain("Return to C&lt;b&gt;");
  });

  it("says when to try again", () => {
    const response = renderRefusal(
      new Refusal("identity_rate_limited", { retryAfterSeconds: 60 }),
      asPage,
    );
    expect(response.status).toBe(503);
    expect(response.headers.get("Retry-After")).toBe("60");
  });

  it("tells a person whose authorization ended to start again, with 400", async () => {
    const response = renderRefusal(new Refusal("authorization_expired"), asPage);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("start again from your application");
  });

  it("keeps the words of a fault off the page", async () => {
    const response = renderRefusal(new Error("secret-canary"), asPage);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret-canary");
  });
});

describe("explainFailure", () => {
  it("gives a refusal's facts, and those of the refusal beneath it", () => {
    const beneath = new Refusal("identity_denied", { facts: { phase: "renew", check: "a" } });
    const refusal = new Refusal("identity_grant_ended", { cause: beneath, facts: { check: "b" } });
    expect(explainFailure(refusal)).toMatchObject({
      reason: "identity_grant_ended",
      phase: "renew",
      check: "b",
    });
  });

  it("gives a refusal's reason", () => {
    expect(explainFailure(new Refusal("grant_ended"))).toEqual({ reason: "grant_ended" });
  });

  it("gives the class and the place of a fault, not its message", () => {
    const fault = explainFailure(new TypeError("secret-canary\n    at secret-canary"));
    expect(fault).toMatchObject({ reason: "internal_error", fault: "TypeError" });
    expect(fault.place).toMatch(/^[\w-]+\.\w+:\d+:\d+$/);
    expect(JSON.stringify(fault)).not.toContain("canary");
  });

  it("gives the class of what caused a refusal", () => {
    const cause = new RangeError("secret-canary");
    expect(explainFailure(new Refusal("store_unavailable", { cause }))).toMatchObject({
      reason: "store_unavailable",
      fault: "RangeError",
    });
  });

  it.each(["text", null, 1])("gives nothing of a thrown %j", (thrown) => {
    expect(explainFailure(thrown)).toEqual({ reason: "internal_error" });
  });
});
