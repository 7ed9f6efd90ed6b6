/**
 * The life of a session, leg by leg, as data: from the authorization request over refreshes and a
 * sign-in at our own pages to each of the ways in which it ends. A leg is one HTTP request of the
 * Worker, which can be sent again as it was. Nothing here asserts anything.
 */
import type { PersonKey } from "../../dev/tenant/people.ts";
import { pass } from "./clock.ts";
import type { House, TestWorker } from "./house.ts";
import {
  clientAt,
  readTokens,
  RENEWAL_DUE_SECONDS,
  STALENESS_SECONDS,
  statusOfCall,
} from "./sessions.ts";
import {
  type Attempt,
  locationOf,
  meetStranger,
  readHandle,
  type Stranger,
  type Tokens,
} from "./stranger.ts";
import { type CookieJar, signIn, visit } from "./tenant.ts";

export interface Life {
  readonly house: House;
  /** Another isolate over the same store. */
  readonly other: TestWorker;
  readonly person: PersonKey;
  readonly client: Stranger;
  /** No other client has this name. */
  readonly clientName: string;
  /** The isolate that the next requests reach. */
  at: TestWorker;
  readonly attempt: Attempt;
  readonly jar: CookieJar;
  /** The cookies of the person's visit to our own pages. */
  readonly ownJar: CookieJar;
  /** The requests that were sent, to be sent again as they were. */
  readonly sent: Map<string, Send>;
  handle: string;
  away: URL;
  callback: URL;
  ownAway: URL;
  /** What the client holds. */
  tokens: Tokens;
  /** Every access token that it ever held. */
  readonly accessTokens: string[];
}

export type Send = () => Promise<Response>;

export interface Leg {
  readonly name: string;
  /** The most store requests that it makes in a warm isolate. */
  readonly requests: number;
  /** The status of its answer. */
  readonly status: number;
  /** It works once: the status of the same request again. */
  readonly again?: number;
  /** The request, each time the same. */
  prepare(life: Life): Promise<Send>;
  /** What is learned from the good answer. */
  learn?(life: Life, answer: Response): Promise<void> | void;
}

let lives = 0;

/** Somebody who has heard of the server, and a client that is registered there. */
export async function beginLife(
  house: House,
  other: TestWorker,
  person: PersonKey = "ada",
): Promise<Life> {
  lives += 1;
  const clientName = `Client ${lives}`;
  const client = await meetStranger(`${house.issuer}/mcp`, { client_name: clientName });
  const nowhere = new URL("http://nowhere.test");
  const none = { access_token: "", refresh_token: "" };
  return {
    house,
    other,
    person,
    client,
    clientName,
    at: house,
    attempt: client.begin(),
    jar: new Map(),
    ownJar: new Map(),
    sent: new Map(),
    handle: "",
    away: nowhere,
    callback: nowhere,
    ownAway: nowhere,
    tokens: { ...none, token_type: "", expires_in: 0, scope: "", resource: "" },
    accessTokens: [],
  };
}

const refreshing = {
  requests: 2,
  status: 200,
  async prepare(life: Life) {
    const { refresh_token } = life.tokens;
    return () => clientOf(life).refresh(refresh_token);
  },
  learn: keepTokens,
};

/** Each leg by a short name. */
export const LEG = {
  ask: {
    name: "GET /authorize",
    requests: 2,
    status: 200,
    prepare: async (life) => browse(life, { address: life.attempt.url, jar: life.jar }),
    learn: async (life, answer) => void (life.handle = await readHandle(answer)),
  },
  consent: {
    name: "POST /authorize",
    requests: 2,
    status: 302,
    again: 400,
    async prepare(life) {
      const form = new URLSearchParams({ handle: life.handle, decision: "allow" });
      return browse(life, { address: ours(life, "/authorize"), jar: life.jar, form });
    },
    learn: (life, answer) => void (life.away = locationOf(answer)),
  },
  callback: {
    name: "the return from Auth0",
    requests: 3,
    status: 302,
    again: 400,
    async prepare(life) {
      const address = await signIn(life.away, life.person);
      return browse(life, { address, jar: life.jar });
    },
    learn: (life, answer) => void (life.callback = locationOf(answer)),
  },
  exchange: {
    name: "the exchange",
    requests: 2,
    status: 200,
    again: 400,
    prepare: async (life) => () => clientOf(life).exchange(life.attempt, life.callback),
    learn: keepTokens,
  },
  refresh: { name: "a refresh", ...refreshing },
  renewal: {
    name: "a refresh that renews",
    ...refreshing,
    async prepare(life) {
      await pass(RENEWAL_DUE_SECONDS, isolatesOf(life));
      return refreshing.prepare(life);
    },
  },
  ownSignIn: {
    name: "our own sign-in",
    requests: 1,
    status: 302,
    prepare: async (life) =>
      browse(life, { address: ours(life, "/connections/sign-in"), jar: life.ownJar }),
    learn: (life, answer) => void (life.ownAway = locationOf(answer)),
  },
  ownReturn: {
    name: "the return to our own pages",
    requests: 1,
    status: 302,
    again: 400,
    async prepare(life) {
      const address = await signIn(life.ownAway, life.person);
      return browse(life, { address, jar: life.ownJar });
    },
  },
} as const satisfies Record<string, Leg>;

/** All of them, in the order in which they are played. */
export const LEGS: readonly Leg[] = Object.values(LEG);

/** The ways in which a session ends. A cut needs a person at our own pages. */
export const END = {
  accessToken: {
    name: "revoked with its access token",
    requests: 2,
    status: 200,
    prepare: async (life) => () => clientOf(life).revoke(life.tokens.access_token),
  },
  refreshToken: {
    name: "revoked with its refresh token",
    requests: 2,
    status: 200,
    prepare: async (life) => () => clientOf(life).revoke(life.tokens.refresh_token),
  },
  cut: {
    name: "cut at our own pages",
    requests: 2,
    status: 303,
    async prepare(life) {
      const form = await findConnection(life);
      if (form === undefined) throw new Error(`${life.clientName} is not on the page`);
      return browse(life, { address: ours(life, "/connections"), jar: life.ownJar, form });
    },
  },
  logout: {
    name: "logged out at Auth0",
    requests: 2,
    status: 200,
    prepare:
      async ({ house, person }) =>
      () =>
        house.tenant.control.logout(person, { claims: { sid: undefined } }),
  },
} as const satisfies Record<string, Leg>;

export const ENDS: readonly Leg[] = Object.values(END);

/** What a person changes at our own pages about a session that goes on. */
export const CHANGE = {
  narrow: change("without permissions", { do: "narrow", choices: "shown" }),
  idle: change("to end by disuse", { do: "idle", idleDays: "1" }),
} as const satisfies Record<string, Leg>;

function change(name: string, fields: Readonly<Record<string, string>>): Leg {
  const prepare = async (life: Life): Promise<Send> => {
    const form = new URLSearchParams(await findConnection(life));
    for (const [field, value] of Object.entries(fields)) form.set(field, value);
    return browse(life, { address: ours(life, "/connections"), jar: life.ownJar, form });
  };
  return { name, requests: 3, status: 303, prepare };
}

/** Plays one leg, or one end. */
export async function play(life: Life, leg: Leg): Promise<Response> {
  const send = await leg.prepare(life);
  life.sent.set(leg.name, send);
  return accept(life, leg, await send());
}

/** Learns from an answer if it is the good one. */
export async function accept(life: Life, leg: Leg, answer: Response): Promise<Response> {
  if (answer.status === leg.status) await leg.learn?.(life, answer.clone());
  return answer;
}

/** Plays the legs before this one, or all of them; the statuses of their answers. */
export async function playLegs(life: Life, before?: Leg): Promise<number[]> {
  const statuses = [];
  for (const leg of before === undefined ? LEGS : LEGS.slice(0, LEGS.indexOf(before)))
    statuses.push((await play(life, leg)).status);
  return statuses;
}

/** Sends a leg's request again, as it was. */
export async function playAgain(life: Life, { name }: Leg): Promise<Response> {
  const send = life.sent.get(name);
  if (send === undefined) throw new Error(`not yet played: ${name}`);
  return send();
}

/** How a session is found that nobody ended: called everywhere, refreshed elsewhere, called again. */
export const ALIVE = { calls: [200, 200], refresh: 200, call: 200 };

/** How one is found that somebody ended. */
export const DEAD = { calls: [401, 401], refreshes: [400, 400] };

/** Whether the session still works, wherever. */
export async function findAlive(life: Life): Promise<typeof ALIVE> {
  const calls = await callEverywhere(life, life.tokens.access_token);
  life.at = life.other;
  const { status } = await play(life, LEG.refresh);
  life.at = life.house;
  return { calls, refresh: status, call: await statusOfCall(life.house, life.tokens.access_token) };
}

/** Whether anything of it still works once every isolate had the time to hear of its end. */
export async function findDead(life: Life): Promise<typeof DEAD> {
  await pass(STALENESS_SECONDS, isolatesOf(life));
  const calls = [];
  for (const token of life.accessTokens) calls.push(await callEverywhere(life, token));
  const refreshes = [];
  for (const isolate of isolatesOf(life)) {
    const answer = await clientAt(life.client, isolate).refresh(life.tokens.refresh_token);
    refreshes.push(answer.status);
  }
  const living = calls.find((statuses) => statuses.some((status) => status !== 401));
  return { calls: living ?? DEAD.calls, refreshes };
}

/** The form that cuts the connection; undefined when the page does not show it. */
export async function findConnection(life: Life): Promise<URLSearchParams | undefined> {
  const open = browse(life, { address: ours(life, "/connections"), jar: life.ownJar });
  const html = await (await open()).text();
  const button = `Disconnect<span class="unseen"> ${life.clientName}</span>`;
  const form = html.split("<form").find((text) => text.includes(button));
  const [, id] = /name="id" value="([^"]*)"/.exec(form ?? "") ?? [];
  const [, csrf = ""] = /name="csrf" value="([^"]*)"/.exec(html) ?? [];
  return id === undefined ? undefined : new URLSearchParams({ id, csrf });
}

/** Every isolate of the life. */
export function isolatesOf({ house, other }: Life): readonly TestWorker[] {
  return [house, other];
}

/** The client, whose token requests reach the isolate that the life is at. */
export function clientOf({ client, at }: Life): Stranger {
  return clientAt(client, at);
}

async function keepTokens(life: Life, answer: Response): Promise<void> {
  life.tokens = await readTokens(answer);
  life.accessTokens.push(life.tokens.access_token);
}

async function callEverywhere(life: Life, accessToken: string): Promise<number[]> {
  const statuses = [];
  for (const isolate of isolatesOf(life)) statuses.push(await statusOfCall(isolate, accessToken));
  return statuses;
}

interface Page {
  readonly address: URL;
  readonly jar: CookieJar;
  readonly form?: URLSearchParams;
}

/**
 * A browser's request to the isolate that the life is at, each time with the cookies that it had at
 * first.
 */
function browse(life: Life, { address, jar, form }: Page): Send {
  const cookies = new Map(jar);
  const { pathname, search } = address;
  return async () => {
    const copy: CookieJar = new Map(cookies);
    const answer = await visit(new URL(pathname + search, life.at.url), copy, form);
    for (const [name] of cookies) if (!copy.has(name)) jar.delete(name);
    for (const [name, cookie] of copy)
      if (cookies.get(name)?.value !== cookie.value) jar.set(name, cookie);
    return answer;
  };
}

function ours({ house }: Life, path: string): URL {
  return new URL(path, house.issuer);
}
