/**
 * A tool calls another API for the person: whose token it gets, how often Auth0 is asked, and what
 * is said when there is none. Another person's token, or another grant's, can never be had.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { TOKEN_EXCHANGE } from "../../dev/tenant/exchange.ts";
import { PEOPLE, type PersonKey } from "../../dev/tenant/people.ts";
import type { Fault } from "../../dev/tenant/traffic.ts";
import { type House, startHouse, type TestWorker } from "../support/house.ts";
import { statusOfCall, storedKeys } from "../support/sessions.ts";
import { callMcp, meetStranger, type Stranger } from "../support/stranger.ts";
import { inPlainSight } from "../support/store.ts";

const BILLING = "https://billing.example.test/";
const EXCHANGE = `token:${TOKEN_EXCHANGE}` as const;
const HOUR_SECONDS = 3600;

let house: House;
let other: TestWorker;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse({ variables: { TEST_OFFERINGS: "calling" } });
  other = await house.startAnother();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
afterEach(async () => {
  house.tenant.control.clear();
  await Promise.all([house, other].map((worker) => worker.shiftClock(0)));
});

async function use(worker: TestWorker, token: string, input: object = {}) {
  const params = { name: "read_invoices", arguments: input };
  const { response, answer } = await callMcp(`${worker.url}/mcp`, token, {
    method: "tools/call",
    params,
  });
  const text = answer.result?.content?.[0]?.text ?? "";
  return { status: response.status, isError: answer.result?.isError ?? false, text };
}

/** What the token says that the tool got. */
async function claimsFor(worker: TestWorker, token: string, input: object = {}) {
  const { text, isError } = await use(worker, token, input);
  if (isError) throw new Error(text);
  return JSON.parse(text);
}

/** How often Auth0 is asked for a token of another API meanwhile. */
async function exchangesOf(run: () => Promise<unknown>): Promise<number> {
  const before = house.tenant.control.count(EXCHANGE);
  await run();
  return house.tenant.control.count(EXCHANGE) - before;
}

async function signIn(person: PersonKey = "ada"): Promise<string> {
  return (await client.signIn(person)).access_token;
}

describe("the token", () => {
  it("is the person's, for the other API, and says who acts", async () => {
    const claims = await claimsFor(house, await signIn());
    expect(claims).toMatchObject({
      sub: PEOPLE.ada.sub,
      aud: BILLING,
      azp: "house-api",
      act: { sub: "house-api", act: { sub: "house" } },
      scope: "read:invoices",
      scopes: ["read:invoices"],
    });
  });

  it("has whatever the person may do there when no scope is named", async () => {
    const claims = await claimsFor(house, await signIn(), { scope: [] });
    expect(claims.scopes).toEqual(["read:invoices", "write:invoices"]);
  });

  it("is in no line of the log, and neither it nor its API in the store", async () => {
    house.log.splice(0);
    await claimsFor(house, await signIn());
    const written = JSON.stringify(house.log);
    expect(written).toContain("has a token");
    expect(written).not.toMatch(/eyJ[\w-]+\.eyJ/);
    const dump = inPlainSight(await house.store.dump()).join("\n");
    for (const text of [".eyJ", "billing", "invoices"]) expect(dump).not.toContain(text);
  });
});

describe("Auth0 is asked", () => {
  it("once, however many ask at the same time in two isolates", async () => {
    const token = await signIn();
    const both = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? house : other));
    house.tenant.control.latency("token", 100);
    const asked = await exchangesOf(async () => {
      const all = await Promise.all(both.map((worker) => claimsFor(worker, token)));
      expect(new Set(all.map(({ iat }) => iat)).size).toBe(1);
    });
    expect(asked).toBe(1);
  });

  it("more often over a naive store: the race is a real one", async () => {
    const naive = { TEST_NAIVE_STORE: "true" };
    const isolates = [await house.startAnother(naive), await house.startAnother(naive)];
    house.tenant.control.latency("token", 100);
    const token = await signIn();
    const ask = () => Promise.all(isolates.map((worker) => use(worker, token)));
    expect(await exchangesOf(ask)).toBeGreaterThan(1);
  });

  it("not again until the token ends, here or elsewhere, in whatever order its scopes are", async () => {
    const token = await signIn();
    const scope = ["read:invoices", "write:invoices"];
    await claimsFor(house, token, { scope });
    const again = () =>
      exchangesOf(async () => {
        await claimsFor(house, token, { scope: scope.toReversed() });
        await claimsFor(other, token, { scope: "write:invoices read:invoices" });
      });
    expect(await again()).toBe(0);
    for (const worker of [house, other]) await worker.shiftClock(HOUR_SECONDS - 90);
    expect(await again()).toBe(0);
    for (const worker of [house, other]) await worker.shiftClock(HOUR_SECONDS - 45);
    expect(await again()).toBe(1);
  });

  it("for every API and every set of scopes by itself", async () => {
    const token = await signIn();
    const wanted = [
      {},
      { scope: "write:invoices" },
      { audience: "https://mail.example.test/", scope: "read:mail" },
    ];
    expect(
      await exchangesOf(async () => {
        for (const each of [...wanted, ...wanted]) await claimsFor(house, token, each);
      }),
    ).toBe(3);
  });

  it("the trips to the store are one in an isolate that has none yet, and then none", async () => {
    const token = await signIn();
    await claimsFor(house, token);
    await statusOfCall(other, token);
    const trips = async () => {
      house.store.wire.take();
      await claimsFor(other, token);
      return house.store.wire.take().length;
    };
    expect([await trips(), await trips()]).toEqual([1, 0]);
  });
});

describe("nobody gets what is another's", () => {
  it("neither another person nor another grant of the same person", async () => {
    const [ada, rob, again] = [await signIn("ada"), await signIn("rob"), await signIn("ada")];
    const asked = await exchangesOf(async () => {
      const subjects = [];
      for (const worker of [house, other])
        for (const token of [ada, rob, again]) subjects.push((await claimsFor(worker, token)).sub);
      const [a, r] = [PEOPLE.ada.sub, PEOPLE.rob.sub];
      expect(subjects).toEqual([a, r, a, a, r, a]);
    });
    expect(asked).toBe(3);
  });

  it("not even when somebody moves the record of one under the name of the other", async () => {
    const [ada, rob] = [await signIn("ada"), await signIn("rob")];
    const keyOf = async (token: string) => {
      const before = new Set(await storedKeys(house));
      await claimsFor(house, token);
      const hashes = [];
      for (const key of await storedKeys(house))
        if (!before.has(key) && (await house.store.run("TYPE", key)) === "hash") hashes.push(key);
      return String(hashes[0]);
    };
    const [adas, robs] = [await keyOf(ada), await keyOf(rob)];
    const [field, value] = (await house.store.run("HGETALL", adas)) as string[];
    await house.store.run("DEL", robs);
    await house.store.run("HSET", robs, String(field), String(value));
    expect((await claimsFor(other, rob)).sub).toBe(PEOPLE.rob.sub);
  });

  it("nor after the grant has ended: nothing is left of it", async () => {
    const tokens = await client.signIn("ada");
    await claimsFor(house, tokens.access_token);
    const kept = async () => {
      const keys = await storedKeys(house);
      const types = await Promise.all(keys.map((key) => house.store.run("TYPE", key)));
      return types.filter((type) => type === "hash").length;
    };
    const hashes = await kept();
    await client.revoke(tokens.refresh_token);
    expect((await use(house, tokens.access_token)).status).toBe(401);
    // The grant's own record stays as the mark of its end; that of its tokens is gone.
    expect(await kept()).toBe(hashes - 1);
  });
});

describe("when there is no token", () => {
  const json = (status: number, error: string, error_description = ""): Fault => ({
    status,
    body: { error, error_description },
  });
  const SIGN_IN = "sign in again";
  const cases: readonly [string, Fault, string, string][] = [
    ["wants a second factor", json(403, "mfa_required"), SIGN_IN, "other_api_sign_in_required"],
    ["wants a sign-in", json(403, "login_required"), SIGN_IN, "other_api_sign_in_required"],
    ["wants a consent", json(403, "consent_required"), SIGN_IN, "other_api_sign_in_required"],
    [
      "says that the session is over",
      json(403, "invalid_grant"),
      SIGN_IN,
      "other_api_sign_in_required",
    ],
    ["denies it", json(403, "access_denied", "by an Action"), "may not use", "other_api_denied"],
    ["refuses a scope", json(400, "invalid_scope"), "may not use", "other_api_denied"],
    [
      "does not know us",
      json(401, "access_denied", "Unauthorized"),
      "operator",
      "api_client_rejected",
    ],
    [
      "does not allow the grant",
      json(403, "unauthorized_client"),
      "operator",
      "api_client_rejected",
    ],
    [
      "does not know the API",
      json(403, "access_denied", "Service not found: x"),
      "operator",
      "other_api_unknown",
    ],
    [
      "says something unheard of",
      json(400, "invalid_request", "depth"),
      "operator",
      "identity_refused",
    ],
    ["is asked too often", { status: 429 }, "try again", "identity_rate_limited"],
    ["fails", { status: 503 }, "try again", "identity_unavailable"],
    [
      "gives a token bound to a key",
      { status: 200, body: { access_token: "x", token_type: "DPoP", expires_in: 60 } },
      "checks",
      "identity_token_invalid",
    ],
  ];

  it.each(cases)(
    "because Auth0 %s: words for the model, and nobody is signed out",
    async (_, fault, words, reason) => {
      const token = await signIn();
      house.log.splice(0);
      house.tenant.control.fail(EXCHANGE, fault);
      const answer = await use(house, token);
      expect(answer).toMatchObject({ status: 200, isError: true });
      expect(answer.text).toContain(words);
      expect(answer.text).not.toContain("Action");
      await expect.poll(() => house.log.some((line) => line["reason"] === reason)).toBe(true);
      expect(await statusOfCall(house, token)).toBe(200);
      house.tenant.control.clear();
      for (const worker of [house, other]) await worker.shiftClock(130);
      expect((await use(house, token)).isError).toBe(false);
    },
  );

  it("because it would speak for somebody else: it is not handed out", async () => {
    const token = await signIn();
    house.tenant.control.shape({ accessToken: "wrong-sub" });
    expect((await use(house, token)).isError).toBe(true);
    house.tenant.control.shape({ accessToken: "wrong-aud" });
    await house.shiftClock(10);
    expect((await use(house, token)).isError).toBe(true);
    expect(await statusOfCall(house, token)).toBe(200);
  });

  it("a model that tries again and again asks Auth0 once in five seconds, in two isolates", async () => {
    const token = await signIn();
    house.tenant.control.fail(EXCHANGE, { status: 429, headers: { "retry-after": "30" } });
    const asked = await exchangesOf(async () => {
      const both = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? house : other));
      await Promise.all(both.map((worker) => use(worker, token)));
      await use(house, token);
    });
    expect(asked).toBe(1);
  });

  it("a scope that the person lacks there is named", async () => {
    const { isError, text } = await use(house, await signIn("rob"), {
      scope: "read:invoices write:invoices",
    });
    expect(isError).toBe(true);
    expect(text).toContain(`Missing at ${BILLING}: write:invoices.`);
    expect((await use(house, await signIn("eve"))).text).toContain("read:invoices");
  });
});

it("without the variables the tool says so to the person, and the log names them", async () => {
  const bare = await house.startAnother({ AUTH0_API_CLIENT_ID: "", AUTH0_API_CLIENT_SECRET: "" });
  const token = await signIn();
  const answer = await use(bare, token);
  expect(answer).toMatchObject({ status: 200, isError: true });
  expect(answer.text).toContain("not set up");
  expect(answer.text).not.toContain("AUTH0");
  await expect
    .poll(() => bare.log.find(({ reason }) => reason === "api_client_missing")?.["variable"])
    .toBe("AUTH0_API_CLIENT_ID, AUTH0_API_CLIENT_SECRET");
  expect(await exchangesOf(() => use(bare, token))).toBe(0);
});
