/**
 * The way to a token and what follows, leg by leg, one after the other: how long each takes, what
 * it costs, and how often it asks the store, which answers after a delay.
 */
import {
  openConsent,
  type Stranger,
  type Tokens,
  json,
  meetStranger,
} from "../test/support/stranger.ts";
import { type CookieJar, signIn, visit } from "../test/support/tenant.ts";
import { type Ground, ISSUER, reachIssuerAt } from "./ground.ts";
import { callRequest } from "./requests.ts";
import { type Spread, spreadOf } from "./spread.ts";
import type { Workerd } from "./workerd.ts";

export interface Leg {
  readonly name: string;
  readonly wallMs: Spread;
  readonly cpuUs: Spread;
  readonly storeRequests: Spread;
}

interface Sample {
  readonly wallMs: number;
  readonly cpuUs: number;
  readonly storeRequests: number;
}

/** Goes the whole way so many times. */
export async function measureLegs(
  worker: Workerd,
  ground: Ground,
  { delayMs, times }: { readonly delayMs: number; readonly times: number },
): Promise<Leg[]> {
  reachIssuerAt(worker.port);
  const samples = new Map<string, Sample[]>();
  async function leg<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
    ground.takeTraffic();
    const [begunAt, before] = [performance.now(), worker.cpuMs()];
    const result = await run();
    const wallMs = performance.now() - begunAt;
    const cpuUs = (worker.cpuMs() - before) * 1000;
    const { requests: storeRequests } = ground.takeTraffic();
    samples.set(name, [...(samples.get(name) ?? []), { wallMs, cpuUs, storeRequests }]);
    return result;
  }
  ground.setDelay(delayMs);
  // The first way of all pays for what an isolate does once.
  for (let time = 0; time <= times; time++) {
    await goTheWay(leg);
    if (time === 0) samples.clear();
  }
  ground.setDelay(0);
  return [...samples].map(([name, taken]) => ({
    name,
    wallMs: spreadOf(taken.map(({ wallMs }) => wallMs)),
    cpuUs: spreadOf(taken.map(({ cpuUs }) => cpuUs)),
    storeRequests: spreadOf(taken.map(({ storeRequests }) => storeRequests)),
  }));
}

async function goTheWay(
  leg: <Result>(name: string, run: () => Promise<Result>) => Promise<Result>,
): Promise<void> {
  const jar: CookieJar = new Map();
  const client: Stranger = await leg("discover and register", () => meetStranger(`${ISSUER}/mcp`));
  const attempt = client.begin();
  const consent = await leg("GET /authorize", () => openConsent(attempt, jar));
  const allowed = await leg("POST /authorize", () => consent.decide("allow"));
  const back = await signIn(new URL(allowed.headers.get("location") ?? ""), "ada", jar);
  const returned = await leg("GET /auth/callback", () => visit(back, jar));
  const callback = new URL(returned.headers.get("location") ?? "");
  const tokens = await leg("POST /token (code)", async () =>
    json<Tokens>(await client.exchange(attempt, callback), 200),
  );
  await leg("first tools/call of a grant", () => call(tokens.access_token));
  const refreshed = await leg("POST /token (refresh)", async () =>
    json<Tokens>(await client.refresh(tokens.refresh_token), 200),
  );
  await leg("warm tools/call", () => call(refreshed.access_token));
  await leg("POST /revoke", () => client.revoke(refreshed.refresh_token));
}

async function call(token: string): Promise<void> {
  const { method, headers, body = "" } = callRequest("2026-07-28", token);
  await json(await fetch(`${ISSUER}/mcp`, { method, headers, body }), 200);
}
