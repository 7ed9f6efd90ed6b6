import { describe, expect, it } from "vitest";
import { type Reason, Refusal } from "../../../src/errors.ts";
import { createRenewals, isCloseToEnd, isRenewalDue } from "../../../src/grants/renewal.ts";
import type { IdentityProvider, UpstreamTokens } from "../../../src/identity/provider.ts";

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
  /** Only what a renewal asks. */
  function createProvider(renew: IdentityProvider["renew"]): Pick<IdentityProvider, "renew"> {
    return { renew };
  }

  it("do not present a rotated token again until the newer one is written down", async () => {
    let asked = 0;
    const provider = createProvider(async () => tokens({ accessToken: String((asked += 1)) }));
    const renewals = createRenewals(provider, () => NOW);
    expect((await renewals.renew("r1")).accessToken).toBe("1");
    expect((await renewals.renew("r1")).accessToken).toBe("1");
    renewals.noteSaved("r1");
    expect((await renewals.renew("r1")).accessToken).toBe("2");
  });

  it("forget what could not be written down for five minutes", async () => {
    let now = NOW;
    let asked = 0;
    const provider = createProvider(async () =>
      tokens({ accessToken: String((asked += 1)), issuedAt: now }),
    );
    const renewals = createRenewals(provider, () => now);
    await renewals.renew("r1");
    now += 301;
    await renewals.renew("r2");
    expect((await renewals.renew("r1")).accessToken).toBe("3");
  });

  it.each<[Reason, Reason]>([
    ["identity_denied", "identity_grant_ended"],
    ["identity_grant_ended", "identity_grant_ended"],
    ["identity_unavailable", "identity_unavailable"],
    ["identity_rate_limited", "identity_rate_limited"],
  ])("refuse %s as %s, and remember nothing of it", async (given, reason) => {
    let asked = 0;
    const provider = createProvider(async () => {
      asked += 1;
      throw new Refusal(given);
    });
    const renewals = createRenewals(provider, () => NOW);
    await expect(renewals.renew("r")).rejects.toMatchObject({ reason });
    await expect(renewals.renew("r")).rejects.toMatchObject({ reason });
    expect(asked).toBe(2);
  });
});
