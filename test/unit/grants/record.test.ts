import { expect, it } from "vitest";
import {
  grantName,
  holdName,
  parseGrantName,
  parseGrantRecord,
  placeOf,
  recordName,
  rotationName,
} from "../../../src/grants/record.ts";

const GRANT = { userId: "person", grantId: "grant" };

it("names everything of a grant differently", () => {
  const { collection, field } = placeOf(GRANT);
  const names = [grantName(GRANT), holdName(GRANT), recordName(GRANT), rotationName(GRANT)];
  expect(new Set([...names, collection, `${collection}/${field}`]).size).toBe(6);
  expect(parseGrantName(grantName(GRANT))).toEqual(GRANT);
});

it.each([
  "",
  "grant:",
  "grant:a",
  "grant:a:",
  "grant:a:b:c",
  "token:a:b",
  "client:a:b",
  "upstream:a:b",
])("reads no grant from the name %j", (name) => {
  expect(parseGrantName(name)).toBeUndefined();
});

const RECORD = {
  userId: "person",
  grantId: "grant",
  clientId: "client",
  clientName: "Client",
  profile: { name: "Ada" },
  tokens: { accessToken: "a", claims: {}, expiresAt: 2, issuedAt: 1, permissions: [] },
  granted: "all",
  proofKey: "key",
  createdAt: 1,
  expiresAt: 2,
};

it("reads a record as it was written", () => {
  expect(parseGrantRecord(JSON.stringify(RECORD))).toEqual(RECORD);
  const limited = { ...RECORD, granted: ["tool:a"], sessionId: "s" };
  expect(parseGrantRecord(JSON.stringify(limited))).toEqual(limited);
});

it.each([
  ["without tokens", { ...RECORD, tokens: undefined }],
  ["with a time that is none", { ...RECORD, expiresAt: "soon" }],
  ["with another grant of permissions", { ...RECORD, granted: "some" }],
  ["that is no object", []],
])("keeps the session when another version of us wrote a record %s: 503", (_case, record) => {
  expect(() => parseGrantRecord(JSON.stringify(record))).toThrow(
    expect.objectContaining({ reason: "store_answer_invalid" }),
  );
});
