/**
 * One person of a soak and the client that they use: they sign in, call, refresh, end the session
 * in one of the ways there are, and begin again. Each request reaches an isolate by chance; what
 * comes of it goes to the tally.
 */
import { setTimeout as wait } from "node:timers/promises";
import { decodeJwt } from "jose";
import type { PersonKey } from "../tenant/people.ts";
import {
  accept,
  beginLife,
  clientOf,
  END,
  LEG,
  type Leg,
  type Life,
} from "../../test/support/lives.ts";
import { clientAt, statusOfCall } from "../../test/support/sessions.ts";
import { callMcp } from "../../test/support/stranger.ts";
import { insist } from "./patience.ts";
import { choose } from "./random.ts";
import type { Soak } from "./soak.ts";

/** Lives until the soak is over; the session that is then left, if there is one. */
export async function livePerson(soak: Soak, person: PersonKey): Promise<Life | undefined> {
  // Not everybody comes in the same moment.
  await wait(soak.random() * Math.min(soak.pauseMs * 10, 10_000));
  while (!soak.isOver()) {
    const life = await signIn(soak, person);
    if (life === undefined) continue;
    const isLiving = await use(soak, life);
    if (isLiving && soak.isOver()) return life;
    if (isLiving) await end(soak, life);
  }
  return undefined;
}

/** Looks at a session that was left when the soak was over: nobody ended it. */
export async function settle(soak: Soak, life: Life): Promise<void> {
  if (await refresh(soak, life)) soak.tally.count("sessions that lived to the end");
}

/** Registers, asks, consents, comes back, exchanges; undefined when it has to begin again. */
async function signIn(soak: Soak, person: PersonKey): Promise<Life | undefined> {
  const [house, other = house] = soak.isolates;
  if (house === undefined || other === undefined) throw new TypeError("a soak has isolates");
  const life = await beginLife(soak.house, other, person).catch(() => undefined);
  if (life === undefined) {
    await wait(1000);
    return undefined;
  }
  for (const leg of [LEG.ask, LEG.consent, LEG.callback, LEG.exchange])
    if (!(await takeLeg(soak, life, leg))) return undefined;
  soak.tally.count("sign-ins");
  return life;
}

/** One leg, as often as it is told to try again; false when the client has to begin again. */
async function takeLeg(soak: Soak, life: Life, leg: Leg): Promise<boolean> {
  life.at = choose(soak.random, soak.isolates);
  const prepared = await leg.prepare(life);
  life.sent.set(leg.name, prepared);
  const { answer, retries } = await insist(prepared);
  if (answer === undefined) {
    soak.tally.tell("requests that never worked", `${life.person}: ${leg.name}`);
    return false;
  }
  if (retries > 0) soak.tally.count(`${leg.name}: well on a later try`);
  if (isSentBack(answer)) {
    soak.tally.count("sign-ins that were told to begin again");
    return false;
  }
  if (answer.status === leg.status) {
    await accept(life, leg, answer);
    return true;
  }
  const story = `${life.person}: ${leg.name}, ${answer.status} after ${retries} retries`;
  soak.tally.tell("sign-ins refused when tried again", story);
  return false;
}

/** The client is told that it did not work, by an error at its own address. */
function isSentBack(answer: Response): boolean {
  const [, query] = (answer.headers.get("location") ?? "").split("?");
  return new URLSearchParams(query).get("error") === "temporarily_unavailable";
}

/** Calls and refreshes for a while; false when the session was lost. */
async function use(soak: Soak, life: Life): Promise<boolean> {
  const steps = 1 + soak.random() * 2 * soak.steps;
  for (let step = 0; step < steps && !soak.isOver(); step += 1) {
    await wait(soak.random() * 2 * soak.pauseMs);
    if (!(await takeStep(soak, life))) return false;
  }
  return true;
}

async function takeStep(soak: Soak, life: Life): Promise<boolean> {
  life.at = choose(soak.random, soak.isolates);
  const chance = soak.random();
  if (chance < 0.05 && !isOld(life, 0)) return refreshTogether(soak, life);
  if (chance < 0.2 || isOld(life, 30)) return refresh(soak, life);
  return call(soak, life, chance < 0.4);
}

/** Whether the access token lives for fewer seconds than this. */
function isOld({ tokens }: Life, seconds: number): boolean {
  return (decodeJwt(tokens.access_token).exp ?? 0) - Date.now() / 1000 < seconds;
}

/** A call, of a tool that needs Auth0's tokens or of none; false when the session was lost. */
async function call(soak: Soak, life: Life, isWithTool: boolean): Promise<boolean> {
  const { tally } = soak;
  const message = isWithTool
    ? { method: "tools/call", params: { name: "get_user_info", arguments: {} } }
    : { method: "tools/list" };
  const called = await callMcp(`${life.at.url}/mcp`, life.tokens.access_token, message).catch(
    () => undefined,
  );
  if (called === undefined) {
    tally.count("calls without an answer");
    return true;
  }
  const { response, answer } = called;
  const { isError = false, structuredContent } = answer.result ?? {};
  tally.count(`calls: ${response.status}${isError ? ", isError" : ""}`);
  if (response.status === 401) return loses(soak, life, "a call: 401");
  if (isWithTool && response.ok && !isError) {
    const nickname = Object(structuredContent?.["user_info"])["nickname"];
    if (nickname !== life.person)
      tally.tell("answers about another person", `${life.person} got ${nickname}`);
  }
  return true;
}

/** A refresh; false when the session was lost. */
async function refresh(soak: Soak, life: Life): Promise<boolean> {
  const { tally } = soak;
  const { answer, retries } = await insist(await LEG.refresh.prepare(life));
  if (answer === undefined) {
    tally.tell("requests that never worked", `${life.person}: a refresh`);
    return false;
  }
  tally.count(retries === 0 ? "refreshes" : "refreshes: well on a later try");
  if (!answer.ok) return loses(soak, life, await describe("a refresh", answer));
  await accept(life, LEG.refresh, answer);
  return true;
}

/** Three windows refresh with the same token at once; false when the session was lost. */
async function refreshTogether(soak: Soak, life: Life): Promise<boolean> {
  const { tally } = soak;
  const { refresh_token } = life.tokens;
  const heard = await Promise.all(
    Array.from({ length: 3 }, () => {
      const window = clientAt(life.client, choose(soak.random, soak.isolates));
      return insist(() => window.refresh(refresh_token));
    }),
  );
  const answers = heard.flatMap(({ answer }) => answer ?? []);
  if (answers.length < heard.length)
    tally.tell("requests that never worked", `${life.person}: three refreshes at once`);
  tally.count("three refreshes at once");
  const refused = answers.find(({ ok }) => !ok);
  if (refused !== undefined)
    return loses(soak, life, await describe("three refreshes at once", refused));
  const [first] = answers;
  if (first === undefined) return false;
  const texts = new Set(await Promise.all(answers.map((answer) => answer.clone().text())));
  if (texts.size > 1) tally.tell("two answers to one refresh token", life.person);
  await accept(life, LEG.refresh, first);
  return true;
}

function loses({ tally }: Soak, life: Life, how: string): false {
  const { iat = 0, exp = 0 } = decodeJwt(life.tokens.access_token);
  const age = `token ${Math.round(Date.now() / 1000 - iat)} s old of ${exp - iat}`;
  tally.tell("lost sessions", `${life.person} at ${life.at.url}, ${how}, ${age}`);
  return false;
}

async function describe(what: string, answer: Response): Promise<string> {
  return `${what}: ${answer.status} ${await answer.text()}, request ${answer.headers.get("x-request-id")}`;
}

type Way = keyof typeof END | "replay";
const WAYS: readonly Way[] = ["accessToken", "refreshToken", "cut", "logout", "replay"];

/** Ends the session in one of the ways there are, and looks whether it is over at once. */
async function end(soak: Soak, life: Life): Promise<void> {
  const way = choose(soak.random, WAYS);
  life.at = choose(soak.random, soak.isolates);
  if (!(await endBy(soak, life, way))) return;
  soak.tally.count(`ended: ${way}`);
  // The logout reaches the house's own isolate, which is told at its address.
  const isolate = way === "logout" ? soak.house : life.at;
  const status = await statusOfCall(isolate, life.tokens.access_token).catch(() => 0);
  if (status === 200)
    soak.tally.tell("ended sessions that live", `${life.person}, ${way}, in the same isolate`);
  soak.ended.add(life, way);
}

async function endBy(soak: Soak, life: Life, way: Way): Promise<boolean> {
  if (way === "replay") return useCodeAgain(soak, life);
  if (way !== "cut") return takeEnd(soak, life, END[way]);
  for (const leg of [LEG.ownSignIn, LEG.ownReturn])
    if (!(await takeLeg(soak, life, leg))) return false;
  return takeEnd(soak, life, END.cut);
}

async function takeEnd(soak: Soak, life: Life, leg: Leg): Promise<boolean> {
  const send = await leg.prepare(life).catch(() => undefined);
  if (send === undefined) return false;
  const { answer, retries } = await insist(send);
  if (answer?.status === leg.status) return true;
  // Told to try again, and it had happened: the connection is gone, as was wanted.
  if (leg === END.cut && retries > 0 && answer?.status === 404) return true;
  soak.tally.tell("requests that never worked", `${life.person}: ${leg.name}, ${answer?.status}`);
  return false;
}

/** The code of the session once more, which ends it. */
async function useCodeAgain(soak: Soak, life: Life): Promise<boolean> {
  const { answer } = await insist(() => clientOf(life).exchange(life.attempt, life.callback));
  if (answer?.status === 200) soak.tally.tell("used twice", `${life.person}: a code`);
  return answer?.status === 400;
}
