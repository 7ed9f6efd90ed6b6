/**
 * Races between requests, as data: what happens at the same time, and what must be so afterwards. A
 * row plays on a stage and returns what it saw; whoever plays it compares. Nothing here knows which
 * store is underneath.
 */
import type { DocumentClient } from "./document-client.ts";
import type { House, TestWorker } from "./house.ts";
import { askForToken } from "./machine.ts";
import {
  arrive,
  clientAt,
  comeBack,
  countRenewals,
  countVersions,
  readTokens,
  recordKey,
  type Return,
  signInAndWait,
  statusOfCall,
  untilRenewing,
} from "./sessions.ts";
import { json, openConsent, type Stranger, type Tokens } from "./stranger.ts";
import { visit } from "./tenant.ts";

export interface Stage {
  readonly house: House;
  /** Another isolate over the same store. */
  readonly other: TestWorker;
  /** One where every call asks the store whether its grant lives. */
  readonly strict: TestWorker;
  /** A registered client without credentials. */
  readonly client: Stranger;
  /** A client with a key of its own. */
  readonly keyed: DocumentClient;
  /** From 1; a row may shift its timing with it. */
  readonly round: number;
}

type Facts = Readonly<Record<string, unknown>>;

export interface Race {
  readonly name: string;
  /** Plays the race once and says what came of it. */
  play(stage: Stage): Promise<Facts>;
  /** What must come of it. */
  readonly expected: Facts;
}

const NOTHING_LIVES = { refresh: 400, call: 401 };
const ALL_LIVE = { refresh: 200, call: 200 };

export const RACES: readonly Race[] = [
  {
    name: "two uses of one consent form",
    async play({ client }) {
      const consent = await openConsent(client.begin());
      return { statuses: countStatuses(await together(2, () => consent.decide("allow"))) };
    },
    expected: { statuses: { 302: 1, 400: 1 } },
  },
  {
    name: "two returns from Auth0 with one state",
    async play({ client, house }) {
      const { back, jar } = await comeBack(client);
      const before = house.tenant.control.count("token:authorization_code");
      const answers = await together(2, () => visit(back, jar));
      const asked = house.tenant.control.count("token:authorization_code") - before;
      return { statuses: countStatuses(answers), asked };
    },
    expected: { statuses: { 302: 1, 400: 1 }, asked: 1 },
  },
  {
    name: "two exchanges of one code",
    play: (stage) => exchangeTogether(stage, 2),
    expected: { statuses: { 200: 1, 400: 1 }, ...NOTHING_LIVES },
  },
  {
    name: "twenty exchanges of one code",
    play: (stage) => exchangeTogether(stage, 20),
    expected: { statuses: { 200: 1, 400: 19 }, ...NOTHING_LIVES },
  },
  {
    name: "two isolates exchanging one code",
    async play({ house, other, strict, client }) {
      await Promise.all([house, other, strict].map((worker) => worker.shiftClock(0)));
      const attempt = client.begin();
      const callback = await client.approve(attempt, "ada");
      const answers = await Promise.all(
        [client, clientAt(client, other)].map((one) => one.exchange(attempt, callback)),
      );
      return { statuses: countStatuses(answers), ...(await judgeLife(strict, client, answers)) };
    },
    expected: { statuses: { 200: 1, 400: 1 }, ...NOTHING_LIVES },
  },
  {
    name: "two refreshes of one token",
    play: (stage) => refreshTogether(stage, 2),
    expected: { statuses: { 200: 2 }, answers: 1, renewals: 1, ...ALL_LIVE },
  },
  {
    name: "fifty refreshes of one token",
    play: (stage) => refreshTogether(stage, 50),
    expected: { statuses: { 200: 50 }, answers: 1, renewals: 1, ...ALL_LIVE },
  },
  {
    name: "two isolates refreshing one token",
    async play({ house, other, client }) {
      const { refresh_token } = await signInAndWait(client, [house, other]);
      const clients = [client, clientAt(client, other)];
      const { value, renewals } = await countRenewals(house, () =>
        Promise.all(clients.map((one) => one.refresh(refresh_token))),
      );
      return {
        ...(await judgeAnswers(value)),
        renewals,
        ...(await judgeLife(house, client, value)),
      };
    },
    expected: { statuses: { 200: 2 }, answers: 1, renewals: 1, ...ALL_LIVE },
  },
  {
    name: "a refresh and a revocation, in one isolate or in two",
    async play({ house, other, strict, client, round }) {
      const before = await countVersions(house);
      const tokens = await signInAndWait(client, [house, other]);
      // Auth0 takes its time, and hears of the revocation too late to refuse the renewal.
      house.tenant.control.latency("token:refresh_token", 100);
      house.tenant.control.latency("revoke", 500);
      const asked = untilRenewing(house);
      const refreshing = client.refresh(tokens.refresh_token);
      if (round > 2) await asked;
      const revoking = clientAt(client, round % 2 === 0 ? house : other).revoke(
        tokens.refresh_token,
      );
      const [refreshed, revoked] = await Promise.all([refreshing, revoking]);
      house.tenant.control.clear();
      const newer = refreshed.ok ? await readTokens(refreshed) : tokens;
      await strict.shiftClock(0);
      const both = [tokens, newer];
      const calls = await Promise.all(both.map((each) => statusOfCall(strict, each.access_token)));
      const refreshes = await Promise.all(both.map((each) => client.refresh(each.refresh_token)));
      return {
        revoked: revoked.status,
        calls: new Set(calls),
        refreshes: countStatuses(refreshes),
        left: (await countVersions(house)) - before,
      };
    },
    expected: { revoked: 200, calls: new Set([401]), refreshes: { 400: 2 }, left: 0 },
  },
  {
    name: "three uses of one client assertion",
    async play({ house, keyed }) {
      await house.shiftClock(0);
      const credentials = { client_id: keyed.clientId, ...(await keyed.assert(house.issuer)) };
      const body = new URLSearchParams({ token: "of nobody", ...credentials });
      const answers = await together(3, () =>
        fetch(`${house.url}/token`, { method: "POST", body }),
      );
      return { statuses: countStatuses(answers) };
    },
    expected: { statuses: { 200: 1, 401: 2 } },
  },
  {
    name: "twenty starts of one machine in two isolates",
    async play({ house, other, round }) {
      const { control } = house.tenant;
      const machine = { clientId: `job-${round}`, clientSecret: `secret of job ${round}` };
      control.changeMachine(machine.clientId, { ...machine, permissions: ["tool:get_user_info"] });
      const before = control.count("token:client_credentials");
      const starts = await together(10, () =>
        Promise.all([house, other].map((isolate) => askForToken(isolate, machine))),
      );
      const answers = starts.flat();
      const asked = control.count("token:client_credentials") - before;
      const tokens = await Promise.all(answers.filter(({ ok }) => ok).map(readTokens));
      const grants = new Set(tokens.map((each) => recordKey(each.access_token))).size;
      return { statuses: countStatuses(answers), asked, grants };
    },
    expected: { statuses: { 200: 20 }, asked: 1, grants: 1 },
  },
  {
    name: "two sign-ins of one person with one client",
    async play({ house, client }) {
      await house.shiftClock(0);
      const returns = await together(2, () => comeBack(client));
      const both = await Promise.all(returns.map((one) => finish(client, one)));
      const lives = await Promise.all(both.map((each) => statusOfCall(house, each.access_token)));
      const refreshed = await Promise.all(both.map((each) => client.refresh(each.refresh_token)));
      await house.tenant.control.logout("ada", { claims: { sid: undefined } });
      const ends = await Promise.all(both.map((each) => statusOfCall(house, each.access_token)));
      return { lives, refreshed: countStatuses(refreshed), ends };
    },
    expected: { lives: [200, 200], refreshed: { 200: 2 }, ends: [401, 401] },
  },
];

async function exchangeTogether({ house, client }: Stage, times: number): Promise<Facts> {
  await house.shiftClock(0);
  const attempt = client.begin();
  const callback = await client.approve(attempt, "ada");
  const answers = await together(times, () => client.exchange(attempt, callback));
  return { statuses: countStatuses(answers), ...(await judgeLife(house, client, answers)) };
}

async function refreshTogether({ house, client }: Stage, times: number): Promise<Facts> {
  const { refresh_token } = await signInAndWait(client, [house]);
  const { value, renewals } = await countRenewals(house, () =>
    together(times, () => client.refresh(refresh_token)),
  );
  return { ...(await judgeAnswers(value)), renewals, ...(await judgeLife(house, client, value)) };
}

/** How many answers of each status, and how many different ones, there were. */
async function judgeAnswers(answers: readonly Response[]): Promise<Facts> {
  const bodies = await Promise.all(answers.map((answer) => answer.clone().text()));
  return { statuses: countStatuses(answers), answers: new Set(bodies).size };
}

/** Whether what the first good answer brought still works. */
async function judgeLife(
  worker: TestWorker,
  client: Stranger,
  answers: readonly Response[],
): Promise<Facts> {
  const first = answers.find((answer) => answer.ok);
  if (first === undefined) return {};
  const tokens = await readTokens(first);
  const call = await statusOfCall(worker, tokens.access_token);
  return { call, refresh: (await client.refresh(tokens.refresh_token)).status };
}

async function finish(client: Stranger, returning: Return): Promise<Tokens> {
  return json<Tokens>(await client.exchange(returning.attempt, await arrive(returning)), 200);
}

function together<Value>(times: number, run: () => Promise<Value>): Promise<Value[]> {
  return Promise.all(Array.from({ length: times }, run));
}

function countStatuses(answers: readonly Response[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
