import { UnsecuredJWT } from "jose";
import { expect, it } from "vitest";
import {
  connectionPlace,
  grantName,
  grantPlace,
  holdName,
  judgeRecord,
  parseGrantName,
  parseGrantRecord,
  stringifyGrantRecord,
} from "../../../src/grants/record.ts";

const GRANT = { userId: "person", grantId: "grant" };

it("names everything of a grant differently", () => {
  const { collection, entry } = connectionPlace(GRANT);
  const names = [grantName(GRANT), holdName(GRANT, 1), holdName(GRANT, 2)];
  expect(new Set([...names, collection, `${collection}/${entry}`]).size).toBe(5);
  expect(parseGrantName(grantName(GRANT))).toEqual(GRANT);
  expect(grantPlace(GRANT)).toEqual({ collection: grantName(GRANT), entry: "" });
});

it.each(["", "grant:", "grant:a", "grant:a:", "grant:a:b:c", "token:a:b", "client:a:b"])(
  "reads no grant from the name %j",
  (name) => {
    expect(parseGrantName(name)).toBeUndefined();
  },
);

const accessToken = new UnsecuredJWT({ sub: "auth0|ada", permissions: ["a"] }).encode();
const RECORD = {
  kind: "person" as const,
  ...GRANT,
  clientId: "client",
  clientName: "Client",
  profile: { name: "Ada" },
  provider: "{}",
  tokens: { accessToken, expiresAt: 200, issuedAt: 1, permissions: [] },
  scopes: ["openid"],
  granted: "all" as const,
  proofKey: "key",
  superseded: [{ id: "i", at: 1, place: "p", wasNew: true }],
  places: ["p"],
  createdAt: 1,
  expiresAt: 200,
};

it("reads a record as it was written, and the claims from the token that says them", () => {
  const record = parseGrantRecord(JSON.stringify(RECORD));
  expect(record.tokens.claims).toEqual({ sub: "auth0|ada", permissions: ["a"] });
  expect(JSON.parse(stringifyGrantRecord(record))).toEqual(RECORD);
  expect(parseGrantRecord(stringifyGrantRecord(record))).toEqual(record);
});

it("keeps what a newer version of us has written beside it", () => {
  const newer = { ...RECORD, purpose: { of: "a later version" } };
  const record = parseGrantRecord(JSON.stringify(newer));
  const changed = stringifyGrantRecord({ ...record, places: ["q"] });
  expect(JSON.parse(changed)).toEqual({ ...newer, places: ["q"] });
});

it("takes a record from before machines could come for a person's", () => {
  const { kind: _, ...older } = RECORD;
  expect(parseGrantRecord(JSON.stringify(older)).kind).toBe("person");
});

it("keeps the claims of a token that does not say them itself", () => {
  const tokens = { ...RECORD.tokens, accessToken: "opaque", claims: { sub: "ada" } };
  const record = parseGrantRecord(JSON.stringify({ ...RECORD, tokens }));
  expect(parseGrantRecord(stringifyGrantRecord(record)).tokens.claims).toEqual({ sub: "ada" });
});

it.each([
  ["without tokens", { ...RECORD, tokens: undefined }],
  ["with a time that is none", { ...RECORD, expiresAt: "soon" }],
  ["with another grant of permissions", { ...RECORD, granted: "some" }],
  ["that is no object", []],
])("keeps the session when another version of us wrote a record %s: 503", (_case, record) => {
  expect(() => parseGrantRecord(JSON.stringify(record))).toThrow(
    expect.objectContaining({ reason: "store_record_newer" }),
  );
});

const text = JSON.stringify(RECORD);
const current = { state: "current", generation: 3, text } as const;

it.each([
  ["its own", current, GRANT, 199, 3],
  ["of another person", current, { ...GRANT, userId: "another" }, 199, undefined],
  ["of another grant of the person", current, { ...GRANT, grantId: "another" }, 199, undefined],
  ["whose time is over", current, GRANT, 200, undefined],
  ["that ended", { state: "ended", at: 1 } as const, GRANT, 199, undefined],
  ["that is not there", { state: "absent" } as const, GRANT, 199, undefined],
])("a grant's record is judged: %s", (_case, found, grant, now, generation) => {
  expect(judgeRecord(found, grant, now)?.generation).toBe(generation);
});
