import { describe, expect, it } from "vitest";
import { limitIdle, narrowRecord } from "../../../src/grants/narrowing.ts";
import type { GrantRecord } from "../../../src/grants/record.ts";

const NOW = 1_795_000_000;

const RECORD: GrantRecord = {
  kind: "person",
  userId: "user",
  grantId: "grant",
  clientId: "client",
  clientName: "Client",
  profile: {},
  provider: "{}",
  tokens: {
    accessToken: "a",
    claims: {},
    expiresAt: NOW + 3600,
    issuedAt: NOW,
    refreshToken: "r",
    permissions: ["read", "write"],
  },
  scopes: ["openid"],
  granted: ["read", "write"],
  proofKey: "k",
  superseded: [],
  places: [],
  createdAt: NOW,
  expiresAt: NOW + 30 * 86_400,
};

describe("narrowing", () => {
  const by = (...kept: string[]) => ({
    kept: new Set(kept),
    now: NOW + 5,
    permissions: ["read", "write", "drop"],
  });

  it.each([
    [["read"], ["read"]],
    [[], []],
    [["read", "drop"], ["read"]],
    [
      ["read", "write"],
      ["read", "write"],
    ],
  ])("to %j leaves %j", (kept, granted) => {
    expect(narrowRecord(RECORD, by(...kept))).toEqual({ ...RECORD, granted, narrowedAt: NOW + 5 });
  });

  it("turns whatever the person holds into what was kept of it", () => {
    const all: GrantRecord = { ...RECORD, granted: "all" };
    expect(narrowRecord(all, by("read")).granted).toEqual(["read"]);
  });
});

describe("an end by disuse", () => {
  it("counts from now, and holds for every later use", () => {
    expect(limitIdle(RECORD, 86_400, { now: NOW })).toEqual({
      ...RECORD,
      idleSeconds: 86_400,
      expiresAt: NOW + 86_400,
    });
  });

  it("never outlives what Auth0 gave", () => {
    const { refreshToken: _, ...tokens } = RECORD.tokens;
    const short: GrantRecord = { ...RECORD, tokens, expiresAt: NOW + 3600 };
    expect(limitIdle(short, 86_400, { now: NOW }).expiresAt).toBe(NOW + 3600);
  });

  it("nor the longest life of a session", () => {
    const by = { now: NOW, sessionMaxSeconds: NOW - RECORD.createdAt + 60 };
    expect(limitIdle(RECORD, 86_400, by).expiresAt).toBe(NOW + 60);
  });
});
