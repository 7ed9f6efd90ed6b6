import { describe, expect, it } from "vitest";
import { type Reason, Refusal } from "../../../src/errors.ts";
import type { GrantRecord } from "../../../src/grants/record.ts";
import {
  createRenewals,
  endsGrant,
  isCloseToEnd,
  isRenewalDue,
  renewalTimeOf,
} from "../../../src/grants/renewal.ts";
import type { UpstreamAnswer, UpstreamTokens } from "../../../src/identity/provider.ts";

const NOW = 1_800_000_000;

function tokens(fields: Partial<UpstreamTokens> = {}): UpstreamTokens {
  return {
    accessToken: "a",
    claims: {},
    expiresAt: NOW + 86_400,
    refreshToken: "r",
    issuedAt: NOW,
    permissions: [],
    ...fields,
  };
}

describe("a renewal", () => {
  const { refreshToken: _, ...withoutRefreshToken } = tokens({ expiresAt: NOW + 1 });
  it.each<[string, UpstreamTokens, boolean]>([
    ["of fresh tokens", tokens(), false],
    ["of tokens younger than an hour", tokens({ issuedAt: NOW - 3599 }), false],
    ["of tokens an hour old", tokens({ issuedAt: NOW - 3600 }), true],
    ["of fresh tokens with five minutes to live", tokens({ expiresAt: NOW + 300 }), false],
    ["of fresh tokens about to end", tokens({ expiresAt: NOW + 299 }), true],
    ["of ended tokens", tokens({ expiresAt: NOW - 1 }), true],
    ["without a refresh token", withoutRefreshToken, false],
  ])("%s", (_case, given, isDue) => {
    expect(isRenewalDue(given, NOW)).toBe(isDue);
  });

  it.each([
    [301, false],
    [300, false],
    [299, true],
    [-1, true],
  ])("is what a tool needs with %i seconds left: %s", (secondsLeft, isNeeded) => {
    expect(isCloseToEnd(tokens({ expiresAt: NOW + secondsLeft }), NOW)).toBe(isNeeded);
  });
});

describe("renewals of an isolate", () => {
  const record = (refreshToken: string): GrantRecord => ({
    kind: "person",
    userId: "person",
    grantId: "grant",
    clientId: "client",
    clientName: "Client",
    profile: {},
    provider: "{}",
    tokens: tokens({ refreshToken }),
    scopes: [],
    granted: "all",
    proofKey: "key",
    superseded: [],
    places: [],
    createdAt: NOW,
    expiresAt: NOW,
  });

  /** An identity provider that counts its renewals, and judges them as told. */
  function createProvider(judge: () => Promise<UpstreamTokens> = async () => tokens()) {
    const provider = {
      asked: 0,
      renew: async () => {
        provider.asked += 1;
        return { refreshToken: `r${provider.asked + 1}`, body: "" };
      },
      judgeRenewal: async (answer: UpstreamAnswer) => ({
        ...(await judge()),
        refreshToken: answer.refreshToken ?? "",
      }),
    };
    return provider;
  }

  it("do not present a rotated token again until the newer one is written down", async () => {
    const renewals = createRenewals(createProvider(), () => NOW);
    const next = async () => (await renewals.renew(record("r1"))).record.tokens.refreshToken;
    expect([await next(), await next()]).toEqual(["r2", "r2"]);
    renewals.noteSaved("r1");
    expect(await next()).toBe("r3");
  });

  it("forget what could not be written down for five minutes", async () => {
    let now = NOW;
    const provider = createProvider();
    const renewals = createRenewals(provider, () => now);
    await renewals.renew(record("r1"));
    now += 301;
    await renewals.renew(record("r2"));
    await renewals.renew(record("r1"));
    expect(provider.asked).toBe(3);
  });

  it.each<[Reason, boolean]>([
    ["identity_permissions_missing", false],
    ["identity_algorithm_refused", false],
    ["identity_token_opaque", false],
    ["identity_token_invalid", false],
    ["identity_unavailable", false],
    ["identity_subject_changed", true],
  ])("keep the newer refresh token when the rest is refused: %s", async (reason, isEnd) => {
    const refuse = () => Promise.reject(new Refusal(reason));
    const renewals = createRenewals(createProvider(refuse), () => NOW);
    const before = record("r1");
    const { record: kept, problem } = await renewals.renew(before);
    expect(problem).toMatchObject({ reason });
    expect(kept.tokens).toEqual({ ...before.tokens, refreshToken: "r2" });
    expect(endsGrant(problem)).toBe(isEnd);
  });

  it.each<[Reason, Reason]>([
    ["identity_denied", "identity_grant_ended"],
    ["identity_grant_ended", "identity_grant_ended"],
    ["identity_unavailable", "identity_unavailable"],
    ["identity_rate_limited", "identity_rate_limited"],
  ])("refuse %s as %s, and remember nothing of it", async (given, reason) => {
    let asked = 0;
    const provider = createProvider();
    const renew = () => {
      asked += 1;
      return Promise.reject(new Refusal(given));
    };
    const renewals = createRenewals({ ...provider, renew }, () => NOW);
    await expect(renewals.renew(record("r"))).rejects.toMatchObject({ reason });
    await expect(renewals.renew(record("r"))).rejects.toMatchObject({ reason });
    expect(asked).toBe(2);
  });
});

it.each([
  [tokens(), NOW + 3600],
  [tokens({ expiresAt: NOW + 600 }), NOW + 301],
])("is due from the moment that is told beforehand: %o", (given, at) => {
  expect(renewalTimeOf(given)).toBe(at);
  expect([isRenewalDue(given, at - 1), isRenewalDue(given, at)]).toEqual([false, true]);
});
