/** Credentials of ours: looked at once, judged by the time each time. */
import { expect, it } from "vitest";
import { signAccessToken } from "../../../src/grants/access-token.ts";
import { createCredentials } from "../../../src/mcp/credential.ts";
import { claimsOf, configOf, livingGrants, NOW, signingKeys } from "./endpoint.ts";

const token = await signAccessToken(claimsOf(), signingKeys);

function open() {
  const clock = { now: NOW };
  const parts = { config: configOf(), grants: livingGrants, signingKeys, now: () => clock.now };
  return { clock, judge: createCredentials(parts) };
}

it("says who it is of, and the second time without a look at the signature", async () => {
  const { judge } = open();
  const first = await judge(`Bearer ${token}`);
  expect(first).toMatchObject({ claims: { sub: "ada" }, counted: "ada client-1" });
  // Not a promise: nothing was waited for.
  expect(judge(`Bearer ${token}`)).toBe(first);
});

it.each(["bearer", "BEARER  ", "Bearer\t"])("knows a token behind %j too", async (scheme) => {
  const { judge } = open();
  const first = await judge(`Bearer ${token}`);
  expect(await judge(`${scheme} ${token}`)).toBe(first);
  expect(judge(`${scheme} ${token}`)).toBeInstanceOf(Promise);
});

it("lets nobody in whose token is over, though it is known", async () => {
  const { clock, judge } = open();
  await judge(`Bearer ${token}`);
  clock.now = claimsOf().exp;
  expect(judge(`Bearer ${token}`)).toBe("expired");
  expect(await judge(`bearer ${token}`)).toBe("expired");
});

it.each([
  [`Bearer ${token.slice(0, -2)}`, "invalid"],
  [`Bearer ${token} ${token}`, "malformed"],
  [`Basic ${token}`, "malformed"],
  ["Bearer", "malformed"],
  ["", "malformed"],
])("is none: %s", async (credential, problem) => {
  const { judge } = open();
  await judge(`Bearer ${token}`);
  expect(await judge(credential)).toBe(problem);
});

it("keeps a token in one place, however it was spelled when it came first", async () => {
  const { judge } = open();
  const first = await judge(`bearer   ${token}`);
  expect(judge(`Bearer ${token}`)).toBe(first);
  expect(judge(`bearer   ${token}`)).toBeInstanceOf(Promise);
});
