/**
 * A model of sessions: steps of two people with a store that fails in single requests go in; each
 * is played at one of two isolates and judged by what may be true at that moment. Whoever plays it
 * gets an error at the first answer that may not be.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { setTimeout as wait } from "node:timers/promises";
import type { PersonKey } from "../../dev/tenant/people.ts";
import { pass } from "./clock.ts";
import type { House, TestWorker } from "./house.ts";
import { accept, beginLife, END, LEG, type Leg, type Life, type Send } from "./lives.ts";
import { clientAt, RENEWAL_DUE_SECONDS, STALENESS_SECONDS, statusOfCall } from "./sessions.ts";
import type { FaultKind } from "./store-faults.ts";

/** What one store request of a step meets, counted from its first. */
export interface StepFault {
  readonly kind: FaultKind;
  readonly skip: number;
}

export type EndName = keyof typeof END;

/** `session` is a number of `SESSIONS`, `at` the number of an isolate. */
export type Step =
  /** The next leg of a sign-in, or a refresh. */
  | { readonly do: "go"; readonly session: number; readonly at: number; readonly fault?: StepFault }
  /** The rest of a sign-in, of which one leg meets the fault. */
  | {
      readonly do: "sign in";
      readonly session: number;
      readonly at: number;
      readonly leg: number;
      readonly fault?: StepFault;
    }
  | { readonly do: "call"; readonly session: number; readonly at: number }
  /** The latest request once more, as it was. */
  | {
      readonly do: "repeat";
      readonly session: number;
      readonly at: number;
      readonly fault?: StepFault;
    }
  /** One refresh token at both isolates at once. */
  | { readonly do: "refresh twice"; readonly session: number; readonly fault?: StepFault }
  /** Our own pages: signed in there, with one of both legs in trouble. */
  | {
      readonly do: "visit";
      readonly session: number;
      readonly at: number;
      readonly leg: number;
      readonly fault?: StepFault;
    }
  | {
      readonly do: "end";
      readonly session: number;
      readonly at: number;
      readonly how: EndName;
      readonly fault?: StepFault;
    }
  /** A refresh at one isolate while the other is asked to end the session. */
  | { readonly do: "end in a refresh"; readonly session: number; readonly how: EndName }
  | { readonly do: "rotate keys" }
  | { readonly do: "half a minute" }
  | { readonly do: "an hour" }
  /** Everything that is under way arrives. */
  | { readonly do: "arrival" };

/** Two of the first person, one of the second. */
export const SESSIONS = [0, 0, 1] as const;

const SIGN_IN: readonly Leg[] = [LEG.ask, LEG.consent, LEG.callback, LEG.exchange];

/** A sign-in that takes longer may have to begin again. */
const SIGN_IN_SECONDS = 300;
/** How long the same refresh is answered the same. */
const REPLAY_SECONDS = 60;
const TOKEN_SECONDS = 3600;
/** Longer than any hold stands. */
const LONGEST_RETRYING_MS = 50_000;
const LONGEST_RETRY_PAUSE_MS = 500;

interface Session {
  readonly person: PersonKey;
  life: Life;
  /** How many legs of the sign-in are done. */
  stage: number;
  /** When it began, on the clock of the world. */
  begunAt: number;
  /** When it was ended, on the clock of the world, and at which isolate. */
  ended: { readonly at: number; readonly isolate: TestWorker } | undefined;
  /** It has met a fault: it may be told to try again for a while. */
  isDisturbed: boolean;
  /** The latest refresh: what was sent, what came back, when. */
  refreshed: { readonly send: Send; readonly text: string; readonly at: number } | undefined;
  tokensEndAt: number;
}

interface World {
  readonly house: House;
  readonly isolates: readonly TestWorker[];
  readonly sessions: readonly Session[];
  /** Seconds since the world began, as far as the clocks were moved. */
  clock: number;
  /** Which of the two storage keys seals. */
  keyOrder: number;
}

/** An answer, or a state, that may not be. */
class Violation extends Error {}

/** Plays the steps with two people nobody has met before. Throws at what may not be. */
export async function playSteps(
  house: House,
  other: TestWorker,
  { people, steps }: { people: readonly [PersonKey, PersonKey]; steps: readonly Step[] },
): Promise<void> {
  house.store.faults.clear();
  const sessions = await Promise.all(
    SESSIONS.map((who) => beginSession(house, other, people[who])),
  );
  const world: World = { house, isolates: [house, other], sessions, clock: 0, keyOrder: 0 };
  for (const step of steps) await playStep(world, step);
  await judgeAll(world);
}

async function beginSession(house: House, other: TestWorker, person: PersonKey): Promise<Session> {
  const life = await beginLife(house, other, person);
  return {
    person,
    life,
    stage: 0,
    begunAt: 0,
    ended: undefined,
    isDisturbed: false,
    refreshed: undefined,
    tokensEndAt: 0,
  };
}

async function playStep(world: World, step: Step): Promise<void> {
  if ("session" in step) return playSessionStep(world, step);
  switch (step.do) {
    case "half a minute":
      return moveClock(world, STALENESS_SECONDS);
    case "an hour":
      return moveClock(world, RENEWAL_DUE_SECONDS);
    case "arrival":
      return void (await world.house.store.faults.deliver());
    case "rotate keys":
      return rotateKeys(world);
  }
}

type SessionStep = Extract<Step, { readonly session: number }>;

async function playSessionStep(world: World, step: SessionStep): Promise<void> {
  const session = sessionOf(world, step.session);
  session.life.at = isolateOf(world, "at" in step ? step.at : 0);
  switch (step.do) {
    case "go":
      return goOn(world, session, step.fault);
    case "sign in":
      return signIn(world, session, step);
    case "call":
      return call(world, session);
    case "repeat":
      return repeat(world, session, step.fault);
    case "refresh twice":
      return refreshTwice(world, session, step.fault);
    case "visit":
      return visitOurPages(world, session, step);
    case "end":
      return end(world, session, step);
    case "end in a refresh":
      return endInRefresh(world, session, step.how);
  }
}

async function signIn(
  world: World,
  session: Session,
  { leg, fault }: { readonly leg: number; readonly fault?: StepFault },
): Promise<void> {
  const first = session.stage;
  for (let stage = first; stage < SIGN_IN.length; stage += 1) {
    await goOn(world, session, stage === Math.max(first, leg) ? fault : undefined);
    // It had to begin again, or had ended.
    if (session.stage !== stage + 1) return;
  }
}

async function moveClock(world: World, seconds: number): Promise<void> {
  world.clock += seconds;
  await pass(seconds, world.isolates);
}

/** The next leg of the sign-in; when that is over, a refresh. */
async function goOn(world: World, session: Session, fault?: StepFault): Promise<void> {
  const isUnfinished = session.stage < SIGN_IN.length;
  if (isUnfinished && world.clock - session.begunAt > SIGN_IN_SECONDS)
    await beginAgain(world, session);
  const leg = SIGN_IN[session.stage];
  if (leg === undefined) return refresh(world, session, fault);
  const answer = await ask(world, session, { leg, send: await leg.prepare(session.life), fault });
  if (session.ended !== undefined) return expectStatus(answer, 400, `${leg.name}, ended before`);
  if (isSentBack(answer)) return beginAgain(world, session);
  expectStatus(answer, leg.status, leg.name);
  await accept(session.life, leg, answer);
  session.stage += 1;
  if (leg === LEG.exchange) session.tokensEndAt = world.clock + TOKEN_SECONDS;
}

/** The client was told, at its own address, that it did not work: the person starts anew. */
async function beginAgain({ house, isolates, clock }: World, session: Session): Promise<void> {
  const [, other = house] = isolates;
  const { at } = session.life;
  session.life = await beginLife(house, other, session.person);
  session.life.at = at;
  session.stage = 0;
  session.begunAt = clock;
  session.ended = undefined;
  session.isDisturbed = false;
}

async function refresh(world: World, session: Session, fault?: StepFault): Promise<void> {
  const send = await LEG.refresh.prepare(session.life);
  const answer = await ask(world, session, { leg: LEG.refresh, send, fault });
  if (session.ended !== undefined) return expectStatus(answer, 400, "a refresh after the end");
  expectStatus(answer, 200, "a refresh");
  await learnRefresh(world, session, { answer, send });
}

async function learnRefresh(
  world: World,
  session: Session,
  { answer, send }: { readonly answer: Response; readonly send: Send },
): Promise<void> {
  session.refreshed = { send, text: await answer.clone().text(), at: world.clock };
  session.tokensEndAt = world.clock + TOKEN_SECONDS;
  await accept(session.life, LEG.refresh, answer);
}

async function call(world: World, { life, stage, ended, tokensEndAt }: Session): Promise<void> {
  if (stage < SIGN_IN.length || tokensEndAt <= world.clock + 5) return;
  const status = await statusOfCall(life.at, life.tokens.access_token);
  if (ended === undefined) return expectAmong(status, [200], "a call");
  const isHeard = life.at === ended.isolate || world.clock - ended.at >= STALENESS_SECONDS;
  expectAmong(status, isHeard ? [401] : [200, 401], "a call after the end");
}

async function repeat(world: World, session: Session, fault?: StepFault): Promise<void> {
  const { refreshed } = session;
  if (refreshed !== undefined) return repeatRefresh(world, session, { ...refreshed, fault });
  const leg = SIGN_IN[session.stage - 1];
  const send = leg && session.life.sent.get(leg.name);
  if (leg?.again === undefined || send === undefined) return;
  expectStatus(await ask(world, session, { leg, send, fault }), leg.again, `${leg.name}, again`);
  // OAuth 2.1 §4.1.3: the second use of a code ends what the first one made.
  if (leg === LEG.exchange) session.ended ??= endedNow(world, session.life.at);
}

async function repeatRefresh(
  world: World,
  session: Session,
  latest: NonNullable<Session["refreshed"]> & { readonly fault: StepFault | undefined },
): Promise<void> {
  if (world.clock - latest.at >= REPLAY_SECONDS) return;
  const { send, fault } = latest;
  const answer = await ask(world, session, { leg: LEG.refresh, send, fault });
  if (session.ended !== undefined) return expectStatus(answer, 400, "a refresh, after the end");
  expectStatus(answer, 200, "the same refresh");
  if ((await answer.text()) !== latest.text) throw new Violation("two answers to one refresh");
}

async function refreshTwice(world: World, session: Session, fault?: StepFault): Promise<void> {
  const { life, stage, ended } = session;
  if (stage < SIGN_IN.length || ended !== undefined) return;
  const { refresh_token } = life.tokens;
  const sends = world.isolates.map(
    (isolate) => () => clientAt(life.client, isolate).refresh(refresh_token),
  );
  plan(world, session, fault);
  const first = await Promise.all(sends.map((send) => send()));
  world.house.store.faults.stop();
  const answers = [];
  for (const [index, answer] of first.entries())
    answers.push(await insist(session, answer, sends[index] ?? (async () => answer)));
  for (const answer of answers) expectStatus(answer, 200, "one of two refreshes at once");
  const texts = new Set(await Promise.all(answers.map((answer) => answer.clone().text())));
  if (texts.size > 1) throw new Violation("two answers to two refreshes at once");
  const [answer] = answers;
  const [send] = sends;
  if (answer && send) await learnRefresh(world, session, { answer, send });
}

async function visitOurPages(
  world: World,
  session: Session,
  { leg: troubled, fault }: { readonly leg: number; readonly fault?: StepFault },
): Promise<void> {
  const legs: readonly Leg[] = [LEG.ownSignIn, LEG.ownReturn];
  for (const [index, leg] of legs.entries()) {
    const send = await leg.prepare(session.life);
    const trouble = index === troubled ? fault : undefined;
    const answer = await ask(world, session, { leg, send, fault: trouble });
    expectStatus(answer, leg.status, leg.name);
    await accept(session.life, leg, answer);
    if (leg.again === undefined) continue;
    expectStatus(await ask(world, session, { leg, send }), leg.again, `${leg.name}, again`);
  }
}

async function end(
  world: World,
  session: Session,
  { how, fault }: { readonly how: EndName; readonly fault?: StepFault },
): Promise<void> {
  const { life, stage, ended } = session;
  if (stage < SIGN_IN.length || ended !== undefined) return;
  if (how === "cut") await visitOurPages(world, session, { leg: 0 });
  const leg = END[how];
  const send = await leg.prepare(life);
  expectStatus(await ask(world, session, { leg, send, fault }), leg.status, leg.name);
  noteEnded(world, session, how);
}

async function endInRefresh(world: World, session: Session, how: EndName): Promise<void> {
  const { life, stage, ended } = session;
  if (stage < SIGN_IN.length || ended !== undefined) return;
  if (how === "cut") await visitOurPages(world, session, { leg: 0 });
  const [house, other = life.house] = world.isolates;
  const leg = END[how];
  const sendEnd = await leg.prepare(life);
  const sendRefresh = await LEG.refresh.prepare(life);
  life.at = other;
  const refreshing = sendRefresh();
  life.at = house ?? life.house;
  const ending = sendEnd();
  const [refreshed, over] = await Promise.all([refreshing, ending]);
  // Both change one grant: either may be told to wait for the other.
  session.isDisturbed = true;
  expectStatus(await insist(session, over, sendEnd), leg.status, leg.name);
  noteEnded(world, session, how);
  expectAmong(refreshed.status, [200, 400, 503], "a refresh while the session ends");
  if (refreshed.ok) await accept(life, LEG.refresh, refreshed);
}

/** A logout ends whatever the person has, in whichever client. */
function noteEnded(world: World, session: Session, how: EndName): void {
  const at = how === "logout" ? world.house : session.life.at;
  const isGranted = ({ stage }: Session) => stage >= SIGN_IN.indexOf(LEG.exchange);
  const isTheirs = (other: Session) => other.person === session.person && isGranted(other);
  const gone = how === "logout" ? world.sessions.filter(isTheirs) : [session];
  for (const one of gone) one.ended ??= endedNow(world, at);
}

function endedNow({ clock }: World, isolate: TestWorker): Session["ended"] {
  return { at: clock, isolate };
}

const run = promisify(execFile);

/** Each isolate opens with both keys; which one seals takes turns. */
async function rotateKeys(world: World): Promise<void> {
  const keys = (world.house.variables["STORAGE_ENCRYPTION_KEY"] ?? "").split(",");
  world.keyOrder = 1 - world.keyOrder;
  const ring = world.keyOrder === 0 ? keys : keys.toReversed();
  await run("node", ["dev/rotate-keys.ts"], {
    env: { ...process.env, ...world.house.variables, STORAGE_ENCRYPTION_KEY: ring.join(",") },
  });
}

/** When all that is late has arrived and everybody has heard: what ended is over, the rest lives. */
async function judgeAll(world: World): Promise<void> {
  await world.house.store.faults.deliver();
  await moveClock(world, STALENESS_SECONDS);
  for (const session of world.sessions) {
    if (session.stage < SIGN_IN.length) continue;
    if (session.ended === undefined) await judgeLiving(world, session);
    else await judgeEnded(session);
    await judgeSpent(world, session);
  }
}

async function judgeLiving(world: World, session: Session): Promise<void> {
  if (session.tokensEndAt <= world.clock + 5) await refresh(world, session);
  for (const isolate of world.isolates) {
    session.life.at = isolate;
    await call(world, session);
    await refresh(world, session);
  }
}

async function judgeEnded({ life }: Session): Promise<void> {
  for (const isolate of [life.house, life.other]) {
    for (const token of life.accessTokens)
      expectAmong(await statusOfCall(isolate, token), [401], "a call long after the end");
    const { status } = await clientAt(life.client, isolate).refresh(life.tokens.refresh_token);
    expectAmong(status, [400], "a refresh long after the end");
  }
}

async function judgeSpent(world: World, session: Session): Promise<void> {
  for (const leg of SIGN_IN) {
    const send = session.life.sent.get(leg.name);
    if (leg.again === undefined || send === undefined) continue;
    expectStatus(await ask(world, session, { leg, send }), leg.again, `${leg.name}, in the end`);
  }
}

/** Sends a request of which one store request meets the fault, and again while it is told to. */
async function ask(
  world: World,
  session: Session,
  request: { readonly leg: Leg; readonly send: Send; readonly fault?: StepFault | undefined },
): Promise<Response> {
  const { leg, send, fault } = request;
  session.life.sent.set(leg.name, send);
  plan(world, session, fault);
  const answer = await send();
  world.house.store.faults.stop();
  return insist(session, answer, send);
}

function plan({ house }: World, session: Session, fault: StepFault | undefined): void {
  if (fault === undefined) return;
  session.isDisturbed = true;
  house.store.faults.next(fault.kind, { skip: fault.skip });
}

/** What was not said to have happened can be tried again. */
async function insist(session: Session, first: Response, send: Send): Promise<Response> {
  const startedAtMs = performance.now();
  let answer = first;
  while (answer.status === 503 && performance.now() - startedAtMs < LONGEST_RETRYING_MS) {
    if (!session.isDisturbed) throw new Violation("503 although nothing was wrong");
    const seconds = Number(answer.headers.get("retry-after"));
    await wait(Math.min(seconds * 1000, LONGEST_RETRY_PAUSE_MS));
    answer = await send();
  }
  return answer;
}

function isSentBack(answer: Response): boolean {
  const [, query] = (answer.headers.get("location") ?? "").split("?");
  return new URLSearchParams(query).get("error") === "temporarily_unavailable";
}

function expectStatus({ status }: Response, expected: number, what: string): void {
  expectAmong(status, [expected], what);
}

function expectAmong(status: number, expected: readonly number[], what: string): void {
  if (!expected.includes(status))
    throw new Violation(`${what}: ${status}, not ${expected.join(" or ")}`);
}

function sessionOf({ sessions }: World, index: number): Session {
  const session = sessions[index];
  if (session === undefined) throw new TypeError("no such session");
  return session;
}

function isolateOf({ isolates, house }: World, index: number): TestWorker {
  return isolates[index] ?? house;
}
