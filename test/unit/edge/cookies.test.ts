import { describe, expect, it } from "vitest";
import { plainCookies, plainSetCookies, usesPlainCookies } from "../../../src/edge/cookies.ts";

const requestWith = (cookie?: string) =>
  new Request("http://localhost:8787/authorize", {
    method: "POST",
    body: "a=1",
    headers: cookie === undefined ? {} : { Cookie: cookie },
  });

function responseWith(...cookies: string[]): Response {
  const headers = new Headers({ "X-Other": "kept" });
  for (const cookie of cookies) headers.append("Set-Cookie", cookie);
  return new Response("body", { status: 302, headers });
}

describe("usesPlainCookies", () => {
  it.each([
    [true, "http://localhost:8787", true],
    [true, "https://localhost:8787", false],
    [false, "https://mcp.example.com", false],
    [false, "http://mcp.example.com", false],
  ])("loopback %s at %s: %s", (isLoopback, issuer, answer) => {
    expect(usesPlainCookies({ isLoopback, issuer })).toBe(answer);
  });
});

describe("plainSetCookies", () => {
  it("takes the prefix and Secure off, and nothing else", async () => {
    const response = plainSetCookies(
      responseWith(
        "__Host-oauth-consent-1a=Secure; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600",
        "other=1; Secure",
      ),
    );
    expect(response.status).toBe(302);
    expect(response.headers.get("X-Other")).toBe("kept");
    expect(response.headers.getSetCookie()).toEqual([
      "loopback-oauth-consent-1a=Secure; Path=/; HttpOnly; SameSite=Lax; Max-Age=600",
      "other=1; Secure",
    ]);
    expect(await response.text()).toBe("body");
  });

  it.each([
    ["__Host-a=1;secure", "loopback-a=1"],
    ["__Host-a=1 ; SECURE ;Path=/", "loopback-a=1;Path=/"],
    ["__Host-a=; Path=/; Secure; Max-Age=0", "loopback-a=; Path=/; Max-Age=0"],
  ])("%s becomes %s", (set, plain) => {
    expect(
      plainSetCookies(responseWith(set))
        .headers.getSetCookie()
        .map((cookie) => cookie.replace(/\s+;/g, ";")),
    ).toEqual([plain]);
  });

  it("hands on a response without such a cookie as it is", () => {
    const response = responseWith("other=1; Secure");
    expect(plainSetCookies(response)).toBe(response);
  });
});

describe("plainCookies", () => {
  it("gives the cookies their names back and keeps the rest of the request", async () => {
    const request = plainCookies(requestWith("a=1; loopback-oauth-consent-1a=x=y;loopback-b=2"));
    expect(request.headers.get("Cookie")).toBe("a=1; __Host-oauth-consent-1a=x=y; __Host-b=2");
    expect(request.method).toBe("POST");
    expect(await request.text()).toBe("a=1");
  });

  it("renames by name only, not in values", () => {
    expect(plainCookies(requestWith("a=loopback-b")).headers.get("Cookie")).toBe("a=loopback-b");
  });

  it.each([undefined, "", "a=1; __Host-b=2"])("hands on a request with %j as it is", (cookie) => {
    const request = requestWith(cookie);
    expect(plainCookies(request)).toBe(request);
  });
});

it("reads back exactly what was set", () => {
  const set = [
    "__Host-oauth-consent-0123456789abcdef=ab12",
    "__Host-oauth-upstream-fedcba9876543210=cd.34-_~",
  ];
  const response = plainSetCookies(
    responseWith(
      ...set.map((pair) => `${pair}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600`),
    ),
  );
  const jar = response.headers.getSetCookie().map((cookie) => cookie.split(";")[0]);
  expect(plainCookies(requestWith(jar.join("; "))).headers.get("Cookie")).toBe(set.join("; "));
});
