import { base64url, generateKeyPair, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { Refusal } from "../../../src/errors.ts";
import { type AccessTokenClaims, signAccessToken } from "../../../src/grants/access-token.ts";
import { createGate } from "../../../src/mcp/gate.ts";
import { site } from "../../support/served.ts";
import {
  call,
  claimsOf,
  permissionsOf,
  configOf,
  endpointOf,
  ISSUER,
  livingGrants,
  METADATA,
  NOW,
  post,
  RESOURCE,
  ringOf,
  signingKeys,
  tokenOf,
} from "./endpoint.ts";

const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
const CHALLENGE = `Bearer realm="OAuth", resource_metadata="${METADATA}"`;
const SCOPE = 'scope="openid profile email"';

const [signer] = signingKeys;
const [stranger] = await ringOf("current", 9);
const { privateKey } = await generateKeyPair("RS256");

type Claims = Record<string, unknown>;
const without = (claim: keyof AccessTokenClaims): Claims =>
  Object.fromEntries(Object.entries(claimsOf()).filter(([name]) => name !== claim));
const sign = (claims: Claims, header: Record<string, unknown> = {}, key: CryptoKey = signer.key) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: "current", ...header })
    .sign(key);
const signWithExtension = () =>
  new SignJWT({ ...claimsOf() })
    .setProtectedHeader({
      alg: "HS256",
      typ: "at+jwt",
      kid: "current",
      crit: ["urn:ours"],
      "urn:ours": 1,
    })
    .sign(signer.key, { crit: { "urn:ours": true } });
const part = (value: unknown) => base64url.encode(JSON.stringify(value));

it("challenges a request without a token, without naming an error", async () => {
  const { status, headers, body, noted } = await endpointOf()(post(list));
  expect(status).toBe(401);
  expect(headers.get("WWW-Authenticate")).toBe(`${CHALLENGE}, ${SCOPE}`);
  expect(headers.get("Cache-Control")).toBe("no-store");
  expect(body).toMatchObject({ error: "unauthorized" });
  expect(noted).toEqual({ reason: "access_token_missing" });
});

describe("refuses a credential that is", () => {
  it.each([
    ["garbage", "Bearer garbage", "access_token_malformed"],
    ["three dots and nothing else", "Bearer ...", "access_token_malformed"],
    ["without a scheme", "garbage", "access_token_malformed"],
    ["an empty Bearer", "Bearer ", "access_token_malformed"],
    ["Basic", `Basic ${btoa("user:password")}`, "access_token_malformed"],
    ["two tokens", "Bearer one, Bearer two", "access_token_malformed"],
    ["20 KB long", `Bearer ${"a".repeat(20_000)}`, "access_token_malformed"],
  ])("%s", async (_what, authorization, reason) => {
    const { status, headers, body, noted } = await endpointOf()(
      post(list, { Authorization: authorization }),
    );
    expect(status).toBe(401);
    expect(headers.get("WWW-Authenticate")).toBe(`${CHALLENGE}, error="invalid_token", ${SCOPE}`);
    expect(body).toEqual({
      error: "invalid_token",
      error_description: "The access token is not one of ours.",
    });
    expect(noted).toEqual({ reason });
  });
});

describe("refuses a token", () => {
  it.each([
    ["signed with another key", sign(claimsOf(), {}, stranger.key), "invalid"],
    ["of a key that is not ours", sign(claimsOf(), { kid: "retired" }), "malformed"],
    ["whose key id is a path", sign(claimsOf(), { kid: "../../current" }), "malformed"],
    ["without a key id", sign(claimsOf(), { kid: undefined }), "malformed"],
    [
      "signed with a public key algorithm",
      sign(claimsOf(), { alg: "RS256" }, privateKey),
      "invalid",
    ],
    [
      "that is not signed",
      `${part({ alg: "none", typ: "at+jwt", kid: "current" })}.${part(claimsOf())}.`,
      "invalid",
    ],
    [
      "that brings its own key",
      sign(claimsOf(), { kid: "brought", jwk: { kty: "oct", k: "AAAA" } }),
      "malformed",
    ],
    [
      "that says where its key is",
      sign(claimsOf(), { jku: "https://evil.example/jwks" }, stranger.key),
      "invalid",
    ],
    ["with an extension we do not know", signWithExtension(), "invalid"],
    ["of another type", sign(claimsOf(), { typ: "JWT" }), "invalid"],
    ["for another resource", sign(claimsOf({ aud: "https://other.example.com/mcp" })), "invalid"],
    ["of another issuer", sign(claimsOf({ iss: "https://tenant.example.com/" })), "invalid"],
    ["that has just expired", sign(claimsOf({ exp: NOW })), "expired"],
    ["that is not valid yet", sign({ ...claimsOf(), nbf: NOW + 60 }), "invalid"],
    ["that never expires", sign(without("exp")), "invalid"],
    ["whose expiry is a text", sign({ ...claimsOf(), exp: "never" }), "invalid"],
  ])("%s", async (_what, token, problem) => {
    const authorization = `Bearer ${await token}`;
    const { status, headers, noted } = await endpointOf()(
      post(list, { Authorization: authorization }),
    );
    expect(status).toBe(401);
    expect(headers.get("WWW-Authenticate")).toBe(`${CHALLENGE}, error="invalid_token", ${SCOPE}`);
    expect(noted).toEqual({ reason: `access_token_${problem}` });
  });
});

it.each([
  ["a key id of our form", "unknown_key", sign(claimsOf(), { kid: "retired1" })],
  ["a resource beside ours", "newer", sign({ ...claimsOf(), aud: [RESOURCE, "https://b.test"] })],
  ["no grant", "newer", sign(without("grant_id"))],
  ["no permissions", "newer", sign(without("permissions"))],
  ["permissions that are a text", "newer", sign({ ...claimsOf(), permissions: "tool:a" })],
])("takes %s for that of another version of us: 503, no login", async (_case, problem, token) => {
  const Authorization = `Bearer ${await token}`;
  const { status, headers, noted } = await endpointOf()(post(list, { Authorization }));
  expect(status).toBe(503);
  expect(headers.get("Retry-After")).toBe("5");
  expect(headers.get("WWW-Authenticate")).toBeNull();
  expect(noted).toEqual({ reason: `access_token_${problem}` });
});

it("asks nothing of the store about a token that is not ours", async () => {
  let asked = 0;
  const grants = { ...livingGrants, isAlive: () => Promise.resolve(++asked > 0) };
  await endpointOf({ grants })(
    post(list, { Authorization: `Bearer ${await sign(claimsOf(), {}, stranger.key)}` }),
  );
  expect(asked).toBe(0);
});

it("accepts a token whatever the case of its scheme, and of any key in the ring", async () => {
  const rotated = endpointOf({ signingKeys: [...(await ringOf("next", 2)), signer] });
  for (const scheme of ["Bearer", "bearer", "BEARER"]) {
    const { status, noted } = await rotated(
      post(list, { Authorization: `${scheme} ${await tokenOf()}` }),
    );
    expect(status).toBe(200);
    expect(noted).toEqual({
      user: "ada",
      client: "VwTeGPxg",
      caller: "person",
      rpc: "tools/list",
      revision: "2025-03-26",
      outcome: "done",
    });
  }
});

it("asks whether the grant behind the token lives, by its record", async () => {
  const asked: unknown[] = [];
  const grants = { ...livingGrants, isAlive: async (...about: unknown[]) => asked.push(about) > 0 };
  await endpointOf({ grants })(post(list, { Authorization: `Bearer ${await tokenOf()}` }));
  const token = { storeName: "record-1", issuedAt: NOW - 10, lifeSeconds: 3610 };
  expect(asked).toEqual([[{ userId: "ada", grantId: "grant-1", ...token }]]);
});

describe("remembers that a token is ours, and still refuses it", () => {
  const token = tokenOf();
  const ask = async (send: ReturnType<typeof endpointOf>) =>
    send(post(list, { Authorization: `Bearer ${await token}` }));

  it("when its time has run out", async () => {
    let time = NOW;
    const send = endpointOf({ now: () => time });
    expect((await ask(send)).status).toBe(200);
    time = claimsOf().exp;
    expect(await ask(send)).toMatchObject({
      status: 401,
      noted: { reason: "access_token_expired" },
    });
  });

  it("when its grant has ended", async () => {
    let isAlive = true;
    const grants = { ...livingGrants, isAlive: () => Promise.resolve(isAlive) };
    const send = endpointOf({ grants });
    expect((await ask(send)).status).toBe(200);
    isAlive = false;
    expect(await ask(send)).toMatchObject({ status: 401, noted: { reason: "grant_ended" } });
  });

  it("where its key is gone", async () => {
    expect((await ask(endpointOf())).status).toBe(200);
    const rotated = endpointOf({ signingKeys: await ringOf("next", 2) });
    expect(await ask(rotated)).toMatchObject({
      status: 401,
      noted: { reason: "access_token_malformed" },
    });
  });
});

it("refuses everybody in the same words, whoever was refused before", async () => {
  const send = endpointOf();
  const answers = [];
  for (const headers of [{}, { Authorization: "Bearer x" }, {}, { Authorization: "Basic x" }]) {
    const { status, headers: sent, text } = await send(post(list, headers));
    answers.push({ status, challenge: sent.get("WWW-Authenticate"), text });
  }
  expect(answers[2]).toEqual(answers[0]);
  expect(answers[3]).toEqual(answers[1]);
  expect(answers[1]).not.toEqual(answers[0]);
});

it("refuses the token of a grant that has ended", async () => {
  const grants = { ...livingGrants, isAlive: () => Promise.resolve(false) };
  const { status, headers, body, noted } = await endpointOf({ grants })(
    post(list, { Authorization: `Bearer ${await tokenOf()}` }),
  );
  expect(status).toBe(401);
  expect(headers.get("WWW-Authenticate")).toBe(`${CHALLENGE}, error="invalid_token", ${SCOPE}`);
  expect(body).toEqual({
    error: "invalid_token",
    error_description: "This authorization has ended. Please connect again.",
  });
  expect(noted).toEqual({
    user: "ada",
    client: "VwTeGPxg",
    caller: "person",
    reason: "grant_ended",
  });
});

describe("answers 503, never 401, when", () => {
  it.each([
    ["the store does not answer", new Refusal("store_unavailable"), "5", "store_unavailable"],
    [
      "the store says when to come back",
      new Refusal("store_rate_limited", { retryAfterSeconds: 17 }),
      "17",
      "store_rate_limited",
    ],
    ["the store does not know us", new Refusal("store_auth_failed"), "5", "store_auth_failed"],
    ["something breaks that nobody foresaw", new TypeError("canary"), "5", "internal_error"],
  ])("%s", async (_what, fault, retryAfter, reason) => {
    const grants = { ...livingGrants, isAlive: () => Promise.reject(fault) };
    const { status, headers, body, text, noted } = await endpointOf({ grants })(
      post(list, { Authorization: `Bearer ${await tokenOf()}` }),
    );
    expect(status).toBe(503);
    expect(headers.get("Retry-After")).toBe(retryAfter);
    expect(headers.get("WWW-Authenticate")).toBeNull();
    expect(body).toMatchObject({ error: "temporarily_unavailable" });
    expect(text).not.toContain("canary");
    expect(noted).toEqual({ user: "ada", client: "VwTeGPxg", caller: "person", reason });
  });
});

it("does not open without its keys or its grants", () => {
  const parts = { config: configOf(), site, now: () => NOW };
  expect(() => createGate({ ...parts, grants: livingGrants })).toThrow(TypeError);
  expect(() => createGate({ ...parts, signingKeys })).toThrow(TypeError);
});

describe("describes the resource at", () => {
  it.each([
    METADATA,
    METADATA.replace("/mcp", ""),
    METADATA.replace(ISSUER, "http://127.0.0.1:8787"),
  ])("%s", async (url) => {
    const { status, headers, body, noted } = await endpointOf()(
      new Request(url, { headers: { Origin: "https://any.example" } }),
    );
    expect(status).toBe(200);
    expect(headers.get("Content-Type")).toBe("application/json");
    expect(headers.get("Access-Control-Allow-Origin")).toBe("https://any.example");
    expect(body).toEqual({
      resource: RESOURCE,
      authorization_servers: [ISSUER],
      scopes_supported: ["openid", "profile", "email"],
      bearer_methods_supported: ["header"],
      resource_name: "The House",
      resource_documentation: "https://house.test/docs",
      resource_policy_uri: "https://house.test/privacy",
      resource_tos_uri: "https://house.test/terms",
    });
    expect(noted).toEqual({});
  });
});

describe("a token of another version of us, with another list of permissions", () => {
  const permissions = { list: "another_", held: "Aw", granted: "AQ" };
  const send = async (more: { readonly narrowed?: true }) => {
    const token = await signAccessToken(
      claimsOf({ permissions: { ...permissions, ...more } }),
      signingKeys,
    );
    const held = ["tool:get_user_info"];
    const standing = () => Promise.resolve({ held, granted: held, withheld: [] });
    const request = post(list, { authorization: `Bearer ${token}` });
    return endpointOf({ grants: { ...livingGrants, standing } })(request);
  };

  it("is worth what its grant allows", async () => {
    const { status, text } = await send({});
    expect(status).toBe(200);
    expect(text).toContain('"get_user_info"');
  });

  it("is renewed by a client that had asked for less, since only the token knows for what", async () => {
    const { status, headers, noted } = await send({ narrowed: true });
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toContain('error="invalid_token"');
    expect(noted["reason"]).toBe("access_token_expired");
  });
});

it("keeps two callers apart when their requests run at the same time", async () => {
  const send = endpointOf();
  const permissions = ["tool:get_user_info"];
  const people = ["ada", "rob", "eve"];
  const tokens = people.map((sub) =>
    signAccessToken(
      claimsOf({ sub, permissions: permissionsOf(sub === "eve" ? [] : permissions, permissions) }),
      signingKeys,
    ),
  );
  const answers = Array.from({ length: 300 }, async (_, index) => {
    const era = index % 2 === 0 ? "2025-11-25" : "2026-07-28";
    return send(
      call(era, "tools/call", { name: "get_user_info" }, await tokens[index % people.length]),
    );
  });
  for (const [index, { body }] of (await Promise.all(answers)).entries()) {
    const sub = people[index % people.length];
    const result =
      sub === "eve" ? { isError: true } : { structuredContent: { user_info: { name: sub } } };
    expect(body).toMatchObject({ result });
  }
});
