import { expect, it } from "vitest";
import * as z from "zod";
import { type AccessTokenClaims, signAccessToken } from "../../../src/grants/access-token.ts";
import type { SignIn } from "../../../src/grants/freshness.ts";
import type { Grants } from "../../../src/grants/grant.ts";
import { createCatalogue } from "../../../src/mcp/catalogue.ts";
import { defineTool } from "../../../src/mcp/tool.ts";
import {
  call,
  claimsOf,
  endpointOf,
  livingGrants,
  NOW,
  permissionsOf,
  signingKeys,
} from "./endpoint.ts";

const pay = defineTool({
  name: "pay",
  title: "Pay",
  description: "Pays.",
  permissions: [{ name: "a:read", fresh: "15m" }],
  annotations: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: false,
  },
  input: z.object({}),
  run: () => "paid",
});
const look = defineTool({ ...pay, name: "look", permissions: ["a:read"] });
const catalogue = createCatalogue({ tools: [pay, look] });

function setUp(known: SignIn = {}, more: Partial<Grants> = {}) {
  const asked: unknown[] = [];
  const signInOf: Grants["signInOf"] = (_, wanted) => {
    asked.push(wanted);
    return Promise.resolve({ signIn: known, readsChallenges: false });
  };
  return {
    asked,
    endpoint: endpointOf({ catalogue, grants: { ...livingGrants, signInOf, ...more } }),
  };
}

function tokenWith(changes: Partial<AccessTokenClaims> = {}) {
  const permissions = permissionsOf(["a:read"]);
  return signAccessToken(claimsOf({ permissions, ...changes }), signingKeys);
}

const OPENS_PAGES = {
  _meta: { "io.modelcontextprotocol/clientCapabilities": { elicitation: { url: {} } } },
};

it("asks nobody while the token's own sign-in will do, nor for a tool that wants none", async () => {
  const { asked, endpoint } = setUp();
  const token = await tokenWith({ auth_time: NOW - 900 });
  for (const name of ["pay", "look"])
    expect((await endpoint(call("2026-07-28", "tools/call", { name }, token))).text).toContain(
      "paid",
    );
  const old = await tokenWith({ auth_time: NOW - 9000 });
  expect((await endpoint(call("2026-07-28", "tools/call", { name: "look" }, old))).text).toContain(
    "paid",
  );
  await endpoint(call("2026-07-28", "tools/list", {}, old));
  expect(asked).toEqual([]);
});

it("takes a newer sign-in that the grant knows of", async () => {
  const { asked, endpoint } = setUp({ at: NOW - 5 });
  const token = await tokenWith({ auth_time: NOW - 9000 });
  const answer = await endpoint(call("2025-11-25", "tools/call", { name: "pay" }, token));
  expect(answer.text).toContain("paid");
  expect(answer.headers.has("WWW-Authenticate")).toBe(false);
  expect(asked).toEqual([{ mfa: false, maxAgeSeconds: 900 }]);
});

it("is listed all the same: one sign-in away", async () => {
  const { endpoint } = setUp();
  const answer = await endpoint(call("2026-07-28", "tools/list", {}, await tokenWith()));
  expect(answer.text).toContain('"pay"');
});

it("a client that opens pages is given the page, once, and then words", async () => {
  const { endpoint } = setUp();
  const token = await tokenWith();
  const params = { name: "pay", ...OPENS_PAGES };
  const asked = await endpoint(call("2026-07-28", "tools/call", params, token));
  expect(asked.body).toMatchObject({
    result: {
      resultType: "input_required",
      inputRequests: {
        sign_in: { params: { mode: "url", url: expect.stringContaining("/approve/") } },
      },
    },
  });
  expect(asked.headers.get("WWW-Authenticate")).toContain("insufficient_user_authentication");
  const opened = { ...params, inputResponses: { sign_in: { action: "accept" } } };
  const told = await endpoint(call("2026-07-28", "tools/call", opened, token));
  expect(told.body).toMatchObject({ result: { isError: true } });
  expect(told.text).toContain("Give them this link");
});

it("nothing runs, whatever a client sends of an answer", async () => {
  const { endpoint } = setUp();
  const params = { name: "pay", inputResponses: { sign_in: { action: "accept" } } };
  const answer = await endpoint(call("2026-07-28", "tools/call", params, await tokenWith()));
  expect(answer.text).not.toContain("paid");
});

it("a machine is not sent to a page: for it the tool is not there", async () => {
  const { asked, endpoint } = setUp({ at: NOW });
  const token = await tokenWith({ kind: "machine" });
  const answer = await endpoint(call("2026-07-28", "tools/call", { name: "pay" }, token));
  expect(answer).toMatchObject({ status: 200, body: { result: { isError: true } } });
  expect(answer.text).toContain("which a machine cannot be");
  expect(answer.text).not.toContain("/approve/");
  const listed = await endpoint(call("2026-07-28", "tools/list", {}, token));
  expect(listed.text).not.toContain('"pay"');
  expect(asked).toEqual([]);
});

it("an earlier end of a permission counts with the next call", async () => {
  const { endpoint } = setUp();
  const limited = (until: number) => ({
    ...permissionsOf(["a:read"]),
    limited: { bits: permissionsOf(["a:read"]).granted, until },
  });
  const calls = [NOW + 1, NOW].map(async (until) => {
    const token = await tokenWith({ permissions: limited(until) });
    return (await endpoint(call("2026-07-28", "tools/call", { name: "look" }, token))).status;
  });
  expect(await Promise.all(calls)).toEqual([200, 403]);
});
