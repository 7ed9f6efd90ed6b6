/**
 * Somebody who can write to the store: whatever they do to a record, it is refused, by name in the
 * log, and never believed. What two keys of a ring sealed or signed is believed alike.
 */
import { z } from "zod";
import type { Command } from "../../dev/upstash/engine.ts";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type House, randomKey, startHouse, type TestWorker } from "../support/house.ts";
import { clientAt, readRefusal, recordKey, statusOfCall, storedKeys } from "../support/sessions.ts";
import {
  json,
  meetStranger,
  openConsent,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";
import { type CookieJar, signIn, visit } from "../support/tenant.ts";

let house: House;
let other: TestWorker;
let strict: TestWorker;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  other = await house.startAnother();
  strict = await house.startAnother({ REVOCATION_CHECK_SECONDS: "0" });
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
beforeEach(() => [house, other].forEach(({ log }) => log.splice(0)));

/** Where a text lies: under a key, and in which field of it when that is a hash. */
interface Spot {
  readonly key: string;
  readonly field?: string;
}

/** What `run` returns, and where the sealed texts lie that it has written. */
async function watch<Value>(run: () => Promise<Value>) {
  const before = new Set(await storedKeys(house));
  const value = await run();
  const written: Spot[] = [];
  for (const key of await storedKeys(house)) {
    if (before.has(key)) continue;
    const type = await house.store.run("TYPE", key);
    if (type === "string") {
      if (String(await house.store.run("GET", key)).startsWith("v1.")) written.push({ key });
    } else if (type === "hash") {
      const [field = ""] = z.array(z.string()).parse(await house.store.run("HGETALL", key));
      written.push({ key, field });
    }
  }
  return { value, written };
}

/** A text to be tampered with, and the request that then meets it. */
interface Target extends Spot {
  send(): Promise<Response>;
}

async function startSession() {
  const tokens = await client.signIn("ada");
  return { ...tokens, ...(await versionOf(recordKey(tokens.access_token))) };
}

/** The one version of a grant that lies there. */
async function versionOf(key: string): Promise<Required<Spot>> {
  const [field = ""] = z.array(z.string()).parse(await house.store.run("HGETALL", key));
  return { key, field };
}

const TARGETS: Readonly<Record<string, { status: number; prepare(): Promise<Target> }>> = {
  "a grant, at a refresh": {
    status: 400,
    async prepare() {
      const { key, field, refresh_token } = await startSession();
      return { key, field, send: () => client.refresh(refresh_token) };
    },
  },
  "a grant, at a call where every call asks": {
    status: 401,
    async prepare() {
      const { key, field, access_token } = await startSession();
      const headers = { authorization: `Bearer ${access_token}` };
      const send = () => fetch(`${strict.url}/mcp`, { method: "POST", headers });
      return { key, field, send };
    },
  },
  "a grant, at an exchange": {
    status: 400,
    async prepare() {
      const attempt = client.begin();
      const { value, written } = await watch(() => client.approve(attempt, "ada"));
      const grant = written.find(({ field }) => field?.startsWith("g.")) ?? { key: "" };
      return { ...grant, send: () => client.exchange(attempt, value) };
    },
  },
  "a client, at a sign-in": {
    status: 400,
    async prepare() {
      const { value, written } = await watch(() => meetStranger(client.resource));
      return { key: written[0]?.key ?? "", send: () => visit(value.begin().url, new Map()) };
    },
  },
  "a client, at a refresh": {
    status: 401,
    async prepare() {
      const { value, written } = await watch(() => meetStranger(client.resource));
      const { refresh_token } = await value.signIn("ada");
      return { key: written[0]?.key ?? "", send: () => value.refresh(refresh_token) };
    },
  },
  "a consent form": {
    status: 400,
    async prepare() {
      const { value, written } = await watch(() => openConsent(client.begin()));
      return { key: written[0]?.key ?? "", send: () => value.decide("allow") };
    },
  },
  "a browser's way to Auth0": {
    status: 400,
    async prepare() {
      const attempt = client.begin();
      const jar: CookieJar = new Map();
      const consent = await openConsent(attempt, jar);
      const { value, written } = await watch(() => consent.decide("allow"));
      const back = await signIn(value.headers.get("location") ?? "", "ada");
      return { key: written[0]?.key ?? "", send: () => visit(back, jar) };
    },
  },
};

/** What is done to the stored text; `another` is that of another record of the same kind. */
const DEEDS: readonly {
  name: string;
  problem: string;
  deed(text: string, another: string): string;
}[] = [
  { name: "one bit flipped", problem: "damaged", deed: flipInside },
  { name: "cut in half", problem: "damaged", deed: (text) => text.slice(0, text.length / 2) },
  { name: "cut to its label", problem: "not_sealed", deed: (text) => text.slice(0, 12) },
  { name: "emptied", problem: "not_sealed", deed: () => "" },
  {
    name: "a plain JSON object",
    problem: "not_sealed",
    deed: () => '{"userId":"u","clientId":"c"}',
  },
  { name: "a plain JSON number", problem: "not_sealed", deed: () => "1" },
  { name: "a plain JSON true", problem: "not_sealed", deed: () => "true" },
  { name: "a plain JSON null", problem: "not_sealed", deed: () => "null" },
  { name: "that of another record", problem: "damaged", deed: (_, another) => another },
  {
    name: "sealed with a key we do not have",
    problem: "unknown_key",
    deed: (text) => text.replace(/^v1\.[^.]+/, "v1.unknown_"),
  },
];

function flipInside(text: string): string {
  const middle = Math.floor(text.length / 2);
  return text.slice(0, middle) + (text[middle] === "A" ? "B" : "A") + text.slice(middle + 1);
}

/** The sealed part of what lies there. */
async function readSealed({ key, field }: Spot): Promise<string> {
  const stored = await house.store.run(
    ...((field === undefined ? ["GET", key] : ["HGET", key, field]) as Command),
  );
  return String(stored).replace(/^[\w.-]*=/, "");
}

async function tamper({ key, field }: Spot, change: (text: string) => string): Promise<void> {
  const text = await readSealed({ key, ...(field === undefined ? {} : { field }) });
  expect(text).toMatch(/^v1\./);
  if (field === undefined) return void (await house.store.run("SET", key, change(text), "KEEPTTL"));
  const stored = String(await house.store.run("HGET", key, field));
  const label = stored.slice(0, stored.length - text.length);
  await house.store.run("HSET", key, field, label + change(text));
}

describe.for(Object.entries(TARGETS))("%s", ([, { status, prepare }]) => {
  it.for(DEEDS)("is refused when it is $name", async ({ deed, problem }) => {
    const anotherText = await readSealed(await prepare());
    const target = await prepare();
    await tamper(target, (text) => deed(text, anotherText));
    const logs = [house, other, strict].map(({ log }) => log);
    for (const log of logs) log.splice(0);
    const answer = await target.send();
    // A key that we do not have is one that another version of us has: nobody is sent away for it.
    expect(answer.status).toBe(problem === "unknown_key" ? 503 : status);
    expect(answer.headers.get("location")).toBeNull();
    const lines = logs.flat().filter((line) => line["reason"] === "record_unreadable");
    expect(lines[0]).toEqual({
      reason: "record_unreadable",
      problem,
      record: target.key.slice(0, 16),
    });
  });
});

it("a version under the label of another is not believed", async () => {
  const { key, field, refresh_token } = await startSession();
  const stored = String(await house.store.run("HGET", key, field));
  await json<Tokens>(await client.refresh(refresh_token), 200);
  const later = field.replace(/\d+$/, "9");
  await house.store.run("HSET", key, later, stored.replace(field, later));
  expect((await client.refresh(refresh_token)).status).toBe(400);
});

describe("the key of all names", () => {
  it("cannot be replaced: a fresh isolate refuses to work with another one", async () => {
    const place = (await storedKeys(house)).find((key) => key.startsWith("mcp:names:")) ?? "";
    const text = String(await house.store.run("GET", place));
    await house.store.run("SET", place, flipInside(text));
    const fresh = await house.startAnother();
    const { refresh_token } = await client.signIn("ada");
    const refused = await readRefusal(await clientAt(client, fresh).refresh(refresh_token));
    expect(refused).toMatchObject({ status: 503, error: "temporarily_unavailable" });
    await house.store.run("SET", place, text);
    await json<Tokens>(await clientAt(client, fresh).refresh(refresh_token), 200);
  });
});

describe("a Worker with new keys before the old ones", () => {
  it("knows every session, and what it writes is sealed and signed anew", async () => {
    const { STORAGE_ENCRYPTION_KEY: sealing, JWT_SIGNING_KEY: signing } = house.variables;
    const newer = await house.startAnother({
      STORAGE_ENCRYPTION_KEY: `${randomKey()},${sealing}`,
      JWT_SIGNING_KEY: `${randomKey()},${signing}`,
    });
    const { access_token, refresh_token, key } = await startSession();
    const readLabel = async () => (await readSealed(await versionOf(key))).slice(0, 12);
    expect(await statusOfCall(newer, access_token)).toBe(200);
    const sealedBefore = await readLabel();
    const moved = clientAt(client, newer);
    const tokens = await json<Tokens>(await moved.refresh(refresh_token), 200);
    expect(await readLabel()).not.toBe(sealedBefore);
    expect(await statusOfCall(newer, tokens.access_token)).toBe(200);
    // Whoever does not know the newer key yet sends nobody away for it.
    expect(await statusOfCall(other, tokens.access_token)).toBe(503);
    expect((await moved.revoke(access_token)).status).toBe(200);
    expect(await statusOfCall(newer, tokens.access_token)).toBe(401);
  });
});
