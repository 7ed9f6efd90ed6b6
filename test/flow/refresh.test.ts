/**
 * Refresh tokens: the same answer again for a minute, then theft; nobody else's token, no invented
 * one, and no more scope than was granted. Clocks are moved, not waited for.
 */
import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { REFUSALS } from "../../src/errors.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import {
  clientAt,
  countVersions,
  ENDED,
  meetConfidential,
  readRefusal,
  statusOfCall,
} from "../support/sessions.ts";
import {
  callMcp,
  createStranger,
  json,
  meetStranger,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";

let house: House;
let other: TestWorker;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  other = await house.startAnother();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
beforeEach(async () => {
  house.tenant.control.clear();
  await house.shiftClock(0);
});

/** Places, as Cloudflare tells them: a network and a country. */
const HOME = "3320/DE";
const OFFICE = "8881/DE";
const ELSEWHERE = "64500/KP";

/** The same client at one of them. */
function at(place: string): Stranger {
  const form = { client_id: client.clientId };
  const authenticate = () => ({ form, headers: { "x-test-network": place } });
  return createStranger({ ...client, authenticate });
}

async function refreshed(token: string, by = client): Promise<Tokens> {
  return json<Tokens>(await by.refresh(token), 200);
}

describe("a refresh token that was used before", () => {
  it("gets the same answer within a minute, from every isolate", async () => {
    const { refresh_token } = await client.signIn("ada");
    const answer = await (await client.refresh(refresh_token)).text();
    await house.shiftClock(45);
    expect(await (await client.refresh(refresh_token)).text()).toBe(answer);
    const elsewhere = await clientAt(client, other).refresh(refresh_token);
    expect(elsewhere.headers.get("cache-control")).toBe("no-store");
    expect(await elsewhere.text()).toBe(answer);
    expect(await statusOfCall(house, JSON.parse(answer).access_token)).toBe(200);
  });

  it("ends the session when its presenter is nowhere the client has been", async () => {
    const first = await at(HOME).signIn("ada");
    const newest = await refreshed(first.refresh_token, at(HOME));
    await house.shiftClock(61);
    house.log.length = 0;
    const answer = await at(ELSEWHERE).refresh(first.refresh_token);
    const body = await answer.clone().json();
    expect(await readRefusal(answer)).toEqual(ENDED);
    expect(body.error_description).toBe(REFUSALS.refresh_token_reused.text);
    expect(house.log.find((line) => line["reason"] === "refresh_token_reused")).toMatchObject({
      route: "/token",
      status: 400,
      clientFamily: "mcp-sdk",
      issuedTo: "mcp-sdk",
      secondsAgo: expect.any(Number),
      generationsAgo: 1,
      supersededAt: "known place",
      presentedAt: "new place",
      user: decodeJwt(first.access_token).sub,
    });
    expect(await statusOfCall(house, newest.access_token)).toBe(401);
    expect(await readRefusal(await client.refresh(newest.refresh_token))).toEqual(ENDED);
    await expect.poll(() => house.tenant.control.revokedRefreshTokens()).toHaveLength(1);
  });

  it("says in the log whether another kind of client came with it, and how late", async () => {
    const { refresh_token } = await client.signIn("ada");
    await refreshed(refresh_token);
    await house.shiftClock(3 * 86_400);
    house.log.length = 0;
    const headers = { "user-agent": "claude-code/2.0" };
    const form = { grant_type: "refresh_token", refresh_token };
    expect((await client.token(form, { headers })).status).toBe(400);
    const line = house.log.find(({ reason }) => reason === "refresh_token_reused");
    expect(line).toMatchObject({ clientFamily: "claude", issuedTo: "mcp-sdk" });
    expect(line?.["secondsAgo"]).toBeGreaterThanOrEqual(3 * 86_400);
    await expect.poll(() => house.tenant.control.count("revoke")).toBe(1);
  });

  it("leaves nothing of the session in the store", async () => {
    const before = await countVersions(house);
    const { refresh_token } = await at(HOME).signIn("rob");
    const { refresh_token: newer } = await refreshed(refresh_token, at(HOME));
    await refreshed(newer, at(HOME));
    await at(ELSEWHERE).refresh(refresh_token);
    expect(await countVersions(house)).toBe(before);
    await expect.poll(() => house.tenant.control.count("revoke")).toBe(1);
  });
});

/** Two windows of one client, each with a copy of the refresh token of its own. */
describe("windows of one client", () => {
  const HOUR_SECONDS = 3600;
  const everywhere = async (atSeconds: number): Promise<void> =>
    void (await Promise.all([house, other].map((worker) => worker.shiftClock(atSeconds))));

  /** Signs in at home and lets a window refresh, at each of these times and places. */
  const moveOn = async (
    steps: readonly { readonly atSeconds: number; readonly from: string }[],
  ): Promise<{ readonly first: Tokens; readonly newest: Tokens }> => {
    await everywhere(0);
    const first = await at(HOME).signIn("ada");
    let newest = first;
    for (const { atSeconds, from } of steps) {
      await everywhere(atSeconds);
      newest = await refreshed(newest.refresh_token, at(from));
    }
    return { first, newest };
  };

  it("that refresh together and one that comes eight minutes later all live", async () => {
    const { first } = await moveOn([]);
    await everywhere(HOUR_SECONDS + 100);
    const five = await Promise.all(
      [house, other, house, other, house].map((worker) =>
        clientAt(at(HOME), worker).refresh(first.refresh_token),
      ),
    );
    expect(five.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const answers = await Promise.all(five.map((answer) => json<Tokens>(answer, 200)));
    expect(new Set(answers.map(({ refresh_token }) => refresh_token)).size).toBe(1);
    await everywhere(HOUR_SECONDS + 100 + 465);
    for (const worker of [house, other]) {
      const late = await clientAt(at(HOME), worker).refresh(first.refresh_token);
      const sixth = await json<Tokens>(late, 200);
      expect(sixth.refresh_token).toBe(answers[0]?.refresh_token);
      expect(await statusOfCall(worker, sixth.access_token)).toBe(200);
    }
    await refreshed(answers[0]?.refresh_token ?? "", at(HOME));
  });

  const lives: [string, { atSeconds: number; from: string }[], { at: number; from: string }][] = [
    [
      "A renews at 50 minutes, B at 59",
      [{ atSeconds: 3000, from: HOME }],
      { at: 3540, from: HOME },
    ],
    [
      "one was idle for five hours while another renewed four times",
      [1, 2, 3, 4].map((hours) => ({ atSeconds: hours * HOUR_SECONDS + 60, from: HOME })),
      { at: 5 * HOUR_SECONDS, from: HOME },
    ],
    [
      "one was left at home, and comes to the office where another went on",
      [
        { atSeconds: HOUR_SECONDS, from: HOME },
        { atSeconds: 3 * HOUR_SECONDS, from: OFFICE },
      ],
      { at: 4 * HOUR_SECONDS, from: OFFICE },
    ],
    [
      "both went to the office, and the other one was first there",
      [{ atSeconds: HOUR_SECONDS, from: OFFICE }],
      { at: 2 * HOUR_SECONDS, from: OFFICE },
    ],
    [
      "one renewed every ten minutes, for four hours",
      Array.from({ length: 24 }, (_, index) => ({ atSeconds: (index + 1) * 600, from: HOME })),
      { at: 5 * HOUR_SECONDS, from: HOME },
    ],
  ];
  it.for(lives)("live: %s", async ([, steps, { at: atSeconds, from }]) => {
    const { first, newest } = await moveOn(steps);
    await everywhere(atSeconds);
    house.log.length = 0;
    const caughtUp = await refreshed(first.refresh_token, at(from));
    expect(caughtUp.refresh_token).toBe(newest.refresh_token);
    expect(await statusOfCall(house, caughtUp.access_token)).toBe(200);
    expect(house.log.find(({ route }) => route === "/token")).toMatchObject({
      sibling: true,
      generationsAgo: steps.length,
      secondsAgo: expect.any(Number),
    });
    await refreshed(newest.refresh_token, at(HOME));
    expect(house.tenant.control.count("revoke")).toBe(0);
  });

  const ends: [string, { atSeconds: number; from: string }[], { at: number; from: string }][] = [
    [
      "a thief elsewhere used the current token first, its owner comes later",
      [{ atSeconds: HOUR_SECONDS, from: ELSEWHERE }],
      { at: 2 * HOUR_SECONDS, from: HOME },
    ],
    [
      "a thief goes on elsewhere, its owner comes later",
      [
        { atSeconds: HOUR_SECONDS, from: ELSEWHERE },
        { atSeconds: 2 * HOUR_SECONDS, from: ELSEWHERE },
      ],
      { at: 3 * HOUR_SECONDS, from: HOME },
    ],
    [
      "from a network never seen",
      [{ atSeconds: HOUR_SECONDS, from: HOME }],
      { at: 2 * HOUR_SECONDS, from: ELSEWHERE },
    ],
    [
      "later than REFRESH_REUSE_SECONDS",
      [{ atSeconds: HOUR_SECONDS, from: HOME }],
      { at: HOUR_SECONDS + 86_400, from: HOME },
    ],
  ];
  it.for(ends)("end: %s", async ([, steps, { at: atSeconds, from }]) => {
    const { first, newest } = await moveOn(steps);
    await everywhere(atSeconds);
    expect(await readRefusal(await at(from).refresh(first.refresh_token))).toEqual(ENDED);
    expect(await readRefusal(await at(HOME).refresh(newest.refresh_token))).toEqual(ENDED);
  });

  it("get the same answer for a minute only, where REFRESH_REUSE_SECONDS is 0", async () => {
    const strict = await house.startAnother({ REFRESH_REUSE_SECONDS: "0" });
    const window = clientAt(at(HOME), strict);
    await everywhere(0);
    const { refresh_token } = await at(HOME).signIn("ada");
    const answer = await (await window.refresh(refresh_token)).text();
    expect(await (await window.refresh(refresh_token)).text()).toBe(answer);
    await strict.shiftClock(61);
    expect(await readRefusal(await window.refresh(refresh_token))).toEqual(ENDED);
    await strict.stop();
  });
});

describe("somebody else with a refresh token", () => {
  it("is refused, and the session lives on", async () => {
    const thief = await meetStranger(`${house.issuer}/mcp`);
    const { refresh_token } = await client.signIn("ada");
    expect(await readRefusal(await thief.refresh(refresh_token))).toEqual(ENDED);
    const newer = await refreshed(refresh_token);
    expect(await readRefusal(await thief.refresh(refresh_token))).toEqual(ENDED);
    await house.shiftClock(61);
    expect(await readRefusal(await thief.refresh(refresh_token))).toEqual(ENDED);
    expect(await statusOfCall(house, newer.access_token)).toBe(200);
    await refreshed(newer.refresh_token);
    expect(house.tenant.control.count("revoke")).toBe(0);
  });

  it("does not pass without the client's secret, nor get an answer that was given", async () => {
    const confidential = await meetConfidential(client);
    const { refresh_token } = await confidential.signIn("ada");
    const thief = createStranger({
      ...confidential,
      authenticate: () => ({ form: { client_id: confidential.clientId, client_secret: "wrong" } }),
    });
    const refused = { ...ENDED, status: 401, error: "invalid_client" };
    expect(await readRefusal(await thief.refresh(refresh_token))).toEqual(refused);
    const newer = await refreshed(refresh_token, confidential);
    expect(await readRefusal(await thief.refresh(refresh_token))).toEqual(refused);
    await house.shiftClock(61);
    expect(await readRefusal(await thief.refresh(refresh_token))).toEqual(refused);
    expect(await statusOfCall(house, newer.access_token)).toBe(200);
    await refreshed(newer.refresh_token, confidential);
  });
});

describe("an invented refresh token for a session that exists", () => {
  type Parts = readonly [inner: string, proof: string, hint: string];
  const inventions: [string, (token: Parts, another: Parts) => string][] = [
    [
      "another secret",
      ([inner, ...more]) => [withSecret(inner, "x".repeat(32)), ...more].join("."),
    ],
    ["another proof", ([inner, , hint]) => `${inner}.${"A".repeat(43)}.${hint}`],
    [
      "another secret, no hint",
      ([inner, proof]) => `${withSecret(inner, "x".repeat(32))}.${proof}`,
    ],
    ["another proof, no hint", ([inner]) => `${inner}.${"A".repeat(43)}`],
    ["the proof of another session", ([inner, , hint], [, proof]) => `${inner}.${proof}.${hint}`],
    ["the same, no hint", ([inner], [, proof]) => `${inner}.${proof}`],
    [
      "secret and proof of another session",
      ([inner], [another, proof]) => `${withSecret(inner, secretOf(another))}.${proof}`,
    ],
    ["the hint of another session", ([inner, proof], [, , hint]) => `${inner}.${proof}.${hint}`],
    ["a hint of nobody", ([inner, proof]) => `${inner}.${proof}.${"A".repeat(40)}`],
    ["no proof", ([inner]) => inner],
    ["a proof cut short", ([inner, proof]) => `${inner}.${proof.slice(0, -1)}`],
    ["a proof that goes on", ([inner, proof]) => `${inner}.${proof}A`],
    ["a hint cut short", (token) => token.join(".").slice(0, -1)],
    ["a hint that goes on", (token) => `${token.join(".")}A`],
    ["nothing but the names", ([inner]) => withSecret(inner, "")],
    ["ten thousand characters", (token) => token.join(".") + "A".repeat(10_000)],
    ["nothing at all", () => ""],
  ];
  const withSecret = (inner: string, secret: string) => inner.replace(/[^:]*$/, secret);
  const secretOf = (inner: string) => inner.split(":")[2] ?? "";
  const partsOf = ({ refresh_token }: Tokens): Parts => {
    const [inner = "", proof = "", hint = ""] = refresh_token.split(".");
    return [inner, proof, hint];
  };

  it.for(inventions)("ends nothing: %s", async ([, invent]) => {
    const tokens = await client.signIn("ada");
    const { access_token, refresh_token } = tokens;
    const invented = invent(partsOf(tokens), partsOf(await client.signIn("ada")));
    expect(invented).not.toBe(refresh_token);
    const { status } = await readRefusal(await client.refresh(invented));
    expect(status).toBe(400);
    expect(await statusOfCall(house, access_token)).toBe(200);
    await refreshed(refresh_token);
    expect(house.tenant.control.count("revoke")).toBe(0);
  });
});

describe("scope at a refresh", () => {
  const refreshWith = (refresh_token: string, scope: string) =>
    client.token({ grant_type: "refresh_token", refresh_token, scope });

  it("can be narrower for one token, and is whole again for the next", async () => {
    const tokens = await client.signIn("ada");
    const narrow = await json<Tokens>(await refreshWith(tokens.refresh_token, "openid"), 200);
    expect(narrow.scope).toBe("openid");
    expect(decodeJwt(narrow.access_token)["scope"]).toBe("openid");
    const call = { method: "tools/call", params: { name: "get_user_info", arguments: {} } };
    const { response } = await callMcp(client.resource, narrow.access_token, call);
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
    expect((await refreshed(narrow.refresh_token)).scope).toBe(tokens.scope);
  });

  it("is refused when none of it was granted, and the token can still be used", async () => {
    const { refresh_token } = await client.signIn("ada");
    const refused = await readRefusal(await refreshWith(refresh_token, "tool:delete_everything"));
    expect(refused).toEqual({ ...ENDED, error: "invalid_scope" });
    await refreshed(refresh_token);
  });

  it("belongs to the answer: the used token with another scope gets an answer of its own", async () => {
    const { refresh_token } = await client.signIn("ada");
    const newer = await refreshed(refresh_token);
    const narrow = await json<Tokens>(await refreshWith(refresh_token, "openid"), 200);
    expect([narrow.scope, narrow.refresh_token]).toEqual(["openid", newer.refresh_token]);
    expect(await statusOfCall(house, newer.access_token)).toBe(200);
  });
});

describe("a refresh for another resource", () => {
  const HOUR_SECONDS = 3600;

  it.each([
    ["of the current token", false, 0],
    ["of a token just used", true, 10],
    ["of a window that stayed behind", true, 120],
    ["when Auth0 is to be asked too", false, HOUR_SECONDS],
    ["of a window, when Auth0 is to be asked too", true, HOUR_SECONDS],
  ])("is refused, asks nobody and ends nothing: %s", async (_case, isUsed, atSeconds) => {
    const first = await client.signIn("ada");
    const newest = isUsed ? await refreshed(first.refresh_token) : first;
    await house.shiftClock(atSeconds);
    for (const resource of ["https://evil.example/", `${client.resource}/o/acme`]) {
      const { refresh_token } = first;
      const answer = await client.token({ grant_type: "refresh_token", refresh_token, resource });
      expect((await readRefusal(answer)).error).toBe("invalid_target");
    }
    expect(house.tenant.control.count("token:refresh_token")).toBe(0);
    await refreshed(newest.refresh_token);
  });
});

describe("a refresh request without a token", () => {
  it.each([
    ["none", {}, "invalid_request"],
    ["an empty one", { refresh_token: "" }, "invalid_request"],
    ["one that is no token", { refresh_token: "no token" }, "invalid_grant"],
  ])("is told what is wrong with %s", async (_, form, error) => {
    const response = await client.token({ grant_type: "refresh_token", ...form });
    expect(await json(response, 400)).toMatchObject({ error });
  });
});
