/**
 * Somebody who can write to the store: whatever they do to a record, it is refused, by name in the
 * log, and never believed. What two keys of a ring sealed or signed is believed alike.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type House, randomKey, startHouse, type TestWorker } from "../support/house.ts";
import {
  clientAt,
  comeBack,
  readRefusal,
  recordKey,
  statusOfCall,
  storedKeys,
} from "../support/sessions.ts";
import {
  json,
  meetStranger,
  openConsent,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";
import { visit } from "../support/tenant.ts";

let house: House;
let other: TestWorker;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  other = await house.startAnother();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
beforeEach(() => [house, other].forEach(({ log }) => log.splice(0)));

/** What `run` returns, and the keys of the texts it has written. */
async function watch<Value>(run: () => Promise<Value>) {
  const before = new Set(await storedKeys(house));
  const value = await run();
  const written: string[] = [];
  for (const key of await storedKeys(house))
    if (!before.has(key) && (await house.store.run("TYPE", key)) === "string") written.push(key);
  return { value, written };
}

/** A record to be tampered with, and the request that then meets it. */
interface Target {
  readonly key: string;
  send(): Promise<Response>;
}

async function startSession() {
  const { value, written } = await watch(() => client.signIn("ada"));
  const ours = recordKey(value.access_token);
  const theirs = written.find((key) => key !== ours) ?? "";
  return { ...value, ours, theirs };
}

const TARGETS: Readonly<Record<string, { status: number; prepare(): Promise<Target> }>> = {
  "Auth0's tokens, at a refresh": {
    status: 400,
    async prepare() {
      const { ours, refresh_token } = await startSession();
      return { key: ours, send: () => client.refresh(refresh_token) };
    },
  },
  "Auth0's tokens, at a call": {
    status: 401,
    async prepare() {
      const { ours, access_token } = await startSession();
      const headers = { authorization: `Bearer ${access_token}` };
      return { key: ours, send: () => fetch(`${other.url}/mcp`, { method: "POST", headers }) };
    },
  },
  "a grant, at a refresh": {
    status: 400,
    async prepare() {
      const { theirs, refresh_token } = await startSession();
      return { key: theirs, send: () => client.refresh(refresh_token) };
    },
  },
  "a grant, at an exchange": {
    status: 400,
    async prepare() {
      const attempt = client.begin();
      const { value, written } = await watch(() => client.approve(attempt, "ada"));
      return { key: written[0] ?? "", send: () => client.exchange(attempt, value) };
    },
  },
  "a client, at a sign-in": {
    status: 400,
    async prepare() {
      const { value, written } = await watch(() => meetStranger(client.resource));
      return { key: written[0] ?? "", send: () => visit(value.begin().url, new Map()) };
    },
  },
  "a client, at a refresh": {
    status: 401,
    async prepare() {
      const { value, written } = await watch(() => meetStranger(client.resource));
      const { refresh_token } = await value.signIn("ada");
      return { key: written[0] ?? "", send: () => value.refresh(refresh_token) };
    },
  },
  "a consent form": {
    status: 400,
    async prepare() {
      const { value, written } = await watch(() => openConsent(client.begin()));
      return { key: written[0] ?? "", send: () => value.decide("allow") };
    },
  },
  "a browser's way to Auth0": {
    status: 400,
    async prepare() {
      const { value, written } = await watch(() => comeBack(client));
      return { key: written[0] ?? "", send: () => visit(value.back, value.jar) };
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

async function tamper(key: string, change: (text: string) => string): Promise<void> {
  const text = String(await house.store.run("GET", key));
  expect(text).toMatch(/^v1\./);
  await house.store.run("SET", key, change(text), "KEEPTTL");
}

describe.for(Object.entries(TARGETS))("%s", ([, { status, prepare }]) => {
  it.for(DEEDS)("is refused when it is $name", async ({ deed, problem }) => {
    const another = await prepare();
    const anotherText = String(await house.store.run("GET", another.key));
    const target = await prepare();
    await tamper(target.key, (text) => deed(text, anotherText));
    [house, other].forEach(({ log }) => log.splice(0));
    const answer = await target.send();
    expect(answer.status).toBe(status);
    expect(answer.headers.get("location")).toBeNull();
    const lines = [...house.log, ...other.log].filter(
      (line) => line["reason"] === "record_unreadable",
    );
    expect(lines[0]).toEqual({
      reason: "record_unreadable",
      problem,
      record: target.key.slice(0, 16),
    });
  });
});

describe("the key of all names", () => {
  it("cannot be replaced: a fresh isolate refuses to work with another one", async () => {
    const { written } = await watch(async () => undefined);
    expect(written).toEqual([]);
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
    const { access_token, refresh_token, ours } = await startSession();
    expect(await statusOfCall(newer, access_token)).toBe(200);
    const sealedBefore = String(await house.store.run("GET", ours)).slice(0, 12);
    const moved = clientAt(client, newer);
    const tokens = await json<Tokens>(await moved.refresh(refresh_token), 200);
    expect(String(await house.store.run("GET", ours)).slice(0, 12)).not.toBe(sealedBefore);
    expect(await statusOfCall(newer, tokens.access_token)).toBe(200);
    expect(await statusOfCall(other, tokens.access_token)).toBe(401);
    expect((await moved.revoke(access_token)).status).toBe(200);
    expect(await statusOfCall(newer, tokens.access_token)).toBe(401);
  });
});
