import { SignJWT } from "jose";
import { expect, it } from "vitest";
import { createForgeryCheck } from "../../../src/mcp/forgery.ts";
import { claimsOf, ringOf, signingKeys, tokenOf } from "./endpoint.ts";

const [signer] = signingKeys;
const isForged = createForgeryCheck([...(await ringOf("next", 2)), signer]);
const token = await tokenOf();
const [header, claims, signature = ""] = token.split(".");
const sign = (protectedHeader: { alg: string; typ: string; kid: string }) =>
  new SignJWT({ ...claimsOf() }).setProtectedHeader(protectedHeader).sign(signer.key);

it("passes a token of ours, under any key of the ring", async () => {
  expect(await isForged(token)).toBe(false);
});

it.each([
  ["another signature", [header, claims, [...signature].toReversed().join("")]],
  ["no signature", [header, claims, ""]],
  ["half a signature", [header, claims, signature.slice(0, 20)]],
  ["other claims", [header, `${claims}A`, signature]],
  ["no claims", [header, "", signature]],
  ["nothing but a header", [header, ""]],
])("knows a token of ours with %s", async (_what, parts) => {
  expect(await isForged(parts.join("."))).toBe(true);
});

it.each([
  ["garbage", "garbage"],
  ["a signature that is no base64", [header, claims, "§"].join(".")],
  ["a key that is not ours", await sign({ alg: "HS256", typ: "at+jwt", kid: "retired" })],
  ["another type", await sign({ alg: "HS256", typ: "JWT", kid: "current" })],
])("leaves %s to the rules for tokens", async (_what, other) => {
  expect(await isForged(other)).toBe(false);
});
