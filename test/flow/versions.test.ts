/**
 * Two releases of the Worker over one store, as during a rollout and after a rollback. What a later
 * one adds to a record is kept by the earlier one; what the earlier one must not read is answered
 * with 503: nobody is logged out, and nothing is written over.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createOperatorParts } from "../../dev/admin/parts.ts";
import * as z from "zod";
import { openCollection } from "../../src/storage/entry.ts";
import { type Change, type House, startHouse, type TestWorker } from "../support/house.ts";
import { clientAt, ENDED, readRefusal, recordKey, statusOfCall } from "../support/sessions.ts";
import {
  callMcp,
  createStranger,
  json,
  meetStranger,
  type Stranger,
  type Tokens,
} from "../support/stranger.ts";

let house: House;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());

/** 503: come again, and the session is as it was. */
const LATER = {
  status: 503,
  error: "temporarily_unavailable",
  caching: "no-store",
  retryAfter: expect.stringMatching(/^\d+$/),
} as const;

/** A later release, which grants carry a purpose in. */
const ADDS_A_MEMBER: readonly Change[] = [
  {
    file: "src/grants/record.ts",
    from: "return JSON.stringify({ ...unread, ...known,",
    to: 'return JSON.stringify({ purpose: "a later release", ...unread, ...known,',
  },
];

/** Records that an earlier release cannot read say so. */
const COUNTS_THE_FORMAT_UP: readonly Change[] = [
  { file: "src/storage/sealing.ts", from: 'const FORMAT = "v1"', to: 'const FORMAT = "v2"' },
  {
    file: "src/storage/sealing.ts",
    from: "  const [, kid, data] = SEALED.exec(sealed) ?? [];",
    to: `  const [, FORMAT = ""] = /^(v[12])\\./.exec(sealed) ?? [];
  const cipher = (iv: Uint8Array<ArrayBuffer>, kid: string, storedAs: string) => ({
    name: "AES-GCM", iv, additionalData: encoder.encode(FORMAT + "\\n" + kid + "\\n" + storedAs),
  });
  const [, kid, data] = /^v[12]\\.([\\w-]{8})\\.([\\w-]+)$/.exec(sealed) ?? [];`,
  },
];

/** Its records have lost what this release needs. */
const CHANGES_A_MEMBER: readonly Change[] = [
  {
    file: "src/grants/record.ts",
    from: "return JSON.stringify({ ...unread, ...known,",
    to: "return JSON.stringify({ ...unread, ...known, granted: { since: 1 },",
  },
  {
    file: "src/grants/record.ts",
    from: "  granted: z.union([",
    to: '  granted: z.union([z.object({ since: z.literal(1) }).transform(() => "all" as const),',
  },
];

/** Its access tokens speak for callers of a kind that is new. */
const WRITES_OTHER_CLAIMS: readonly Change[] = [
  {
    file: "src/grants/access-token.ts",
    from: "return new SignJWT({ ...claims })",
    to: 'return new SignJWT({ ...claims, kind: "swarm" })',
  },
  {
    file: "src/grants/access-token.ts",
    from: 'z.enum(["person", "machine"])',
    to: 'z.literal("swarm").transform(() => "person" as const)',
  },
];

/** Its refresh tokens say more of themselves, in another way. */
const WRITES_OTHER_HINTS: readonly Change[] = [
  {
    file: "src/oauth/refresh-hint.ts",
    from: "  return `${signer.kid}-${generation}",
    to: "  return `2.${signer.kid}-${generation}",
  },
];

async function refreshAt(worker: TestWorker, tokens: Tokens): Promise<Tokens> {
  return json<Tokens>(await clientAt(client, worker).refresh(tokens.refresh_token), 200);
}

/** The text of the grant's record, opened as an operator's command opens it. */
async function recordOf(tokens: Tokens): Promise<Record<string, unknown>> {
  const { vault } = createOperatorParts(house.variables);
  const key = recordKey(tokens.access_token);
  const [reply] = await vault.redis.transact([{ do: "getFields", key }]);
  const [found] = (await openCollection(vault, key, reply)).entries.values();
  if (found?.state !== "current") throw new Error("no record");
  return JSON.parse(found.text);
}

describe("a later release beside this one", () => {
  it("finds again what it wrote beside a record that this one has written since", async () => {
    const later = await house.startAnother({}, ADDS_A_MEMBER);
    let tokens = await refreshAt(later, await client.signIn("ada"));
    expect(await recordOf(tokens)).toMatchObject({ purpose: "a later release" });
    for (const worker of [house, house, later, house]) tokens = await refreshAt(worker, tokens);
    expect(await recordOf(tokens)).toMatchObject({ purpose: "a later release" });
    expect(await statusOfCall(house, tokens.access_token)).toBe(200);
    await later.stop();
  });

  it.each([
    ["seals them in a later format", COUNTS_THE_FORMAT_UP, "rob"],
    ["writes a member in another way", CHANGES_A_MEMBER, "eve"],
  ] as const)("keeps its sessions when it %s: here 503, there they go on", async (...row) => {
    const [, release, person] = row;
    const later = await house.startAnother({}, release);
    const before = await client.signIn(person);
    const tokens = await refreshAt(later, before);
    const stored = await house.store.dump();
    for (let tries = 0; tries < 3; tries++) {
      const refused = await clientAt(client, house).refresh(tokens.refresh_token);
      expect(await readRefusal(refused)).toEqual(LATER);
      // Nor is a token that was used before, or one that is given back, a reason to end it.
      for (const { refresh_token } of [before, tokens])
        expect((await client.refresh(refresh_token)).status).toBe(503);
    }
    expect(await client.revoke(tokens.refresh_token)).toMatchObject({ status: 503 });
    expect(house.log.at(-1)).toMatchObject({ reason: "store_record_newer" });
    // What needs no record is served, what does says that it is a fault of ours.
    expect(await statusOfCall(house, tokens.access_token)).toBe(200);
    const { response, answer } = await callMcp(`${house.issuer}/mcp`, tokens.access_token, {
      method: "tools/call",
      params: { name: "get_user_info", arguments: {} },
    });
    expect(response.status).not.toBe(401);
    expect(answer.result?.isError ?? true).toBe(true);
    expect(await house.store.dump()).toEqual(stored);
    let held = tokens;
    for (let times = 0; times < 2; times++) held = await refreshAt(later, held);
    expect(await statusOfCall(later, held.access_token)).toBe(200);
    // A session that it has not touched is this one's as before.
    await refreshAt(house, await client.signIn("ada"));
    await later.stop();
  });

  it("issues access tokens that this one cannot read: 503, no login", async () => {
    const later = await house.startAnother({}, WRITES_OTHER_CLAIMS);
    const tokens = await refreshAt(later, await client.signIn("ada"));
    expect(decodeJwt(tokens.access_token)["kind"]).toBe("swarm");
    expect(await statusOfCall(later, tokens.access_token)).toBe(200);
    const { response } = await callMcp(`${house.issuer}/mcp`, tokens.access_token, {
      method: "tools/list",
    });
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([503, null]);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    // The refresh token is any release's, and a revocation is never lost.
    expect(await statusOfCall(house, (await refreshAt(house, tokens)).access_token)).toBe(200);
    const other = await refreshAt(later, await client.signIn("ada"));
    expect((await client.revoke(other.access_token)).status).toBe(200);
    expect((await clientAt(client, later).refresh(other.refresh_token)).status).toBe(400);
    await later.stop();
  });

  it("says more in its refresh tokens, which this one takes as its own", async () => {
    const later = await house.startAnother({}, WRITES_OTHER_HINTS);
    let tokens = await refreshAt(later, await client.signIn("ada"));
    expect(tokens.refresh_token).toMatch(/\.2\.[\w-]+$/);
    for (const worker of [house, later, house]) tokens = await refreshAt(worker, tokens);
    expect(await statusOfCall(house, tokens.access_token)).toBe(200);
    await later.stop();
  });
});

const FOLDER = "test/records";
const texts = z.array(z.string());
const keptSchema = z.object({
  madeAt: z.int(),
  variables: z.record(z.string(), z.string()),
  client: z.object({ clientId: z.string(), redirectUri: z.string() }),
  used: z.string(),
  tokens: z.object({ access: z.string(), refresh: z.string() }),
  machine: z.string(),
  code: z.object({ value: z.string(), verifier: z.string() }),
  records: z.array(
    z.discriminatedUnion("type", [
      z.object({ type: z.literal("string"), key: z.string(), content: z.string() }),
      z.object({ type: z.literal("hash"), key: z.string(), content: texts }),
      z.object({ type: z.literal("zset"), key: z.string(), content: texts }),
    ]),
  ),
});
type Kept = z.infer<typeof keptSchema>;

/** Puts records back as they lay there. */
async function putBack({ store }: House, { records }: Kept): Promise<void> {
  for (const { type, key, content } of records) {
    if (type === "string") await store.run("SET", key, content);
    else if (type === "hash") await store.run("HSET", key, ...content);
    else
      for (let index = 0; index < content.length; index += 2)
        await store.run("ZADD", key, content[index + 1] ?? "", content[index] ?? "");
  }
}

describe("what an earlier release wrote (test/records/keep.ts)", () => {
  it.each(readdirSync(FOLDER).filter((name) => name.endsWith(".json")))("%s", async (name) => {
    const kept = keptSchema.parse(JSON.parse(readFileSync(join(FOLDER, name), "utf8")));
    const here = await startHouse({ variables: kept.variables });
    try {
      await putBack(here, kept);
      await here.shiftClock(kept.madeAt + 30 - Math.floor(Date.now() / 1000));
      const known = clientOf(kept, here);
      for (const token of [kept.tokens.access, kept.machine])
        expect(await statusOfCall(here, token)).toBe(200);
      const { value: code, verifier: code_verifier } = kept.code;
      const { redirectUri: redirect_uri } = known;
      const grant_type = "authorization_code";
      const exchange = await known.token({ grant_type, code, code_verifier, redirect_uri });
      expect(exchange.status).toBe(200);
      // The answer that was lost, then the newest token.
      expect((await known.refresh(kept.used)).status).toBe(200);
      let tokens = await json<Tokens>(await known.refresh(kept.tokens.refresh), 200);
      tokens = await json<Tokens>(await known.refresh(tokens.refresh_token), 200);
      expect(await statusOfCall(here, tokens.access_token)).toBe(200);
      expect((await known.revoke(kept.tokens.access)).status).toBe(200);
      expect(await readRefusal(await known.refresh(tokens.refresh_token))).toEqual(ENDED);
      expect(here.log.map(({ reason }) => reason)).not.toContain("record_unreadable");
    } finally {
      await here.stop();
    }
  });
});

/** The client that those records know, whose requests reach this house. */
function clientOf({ client: known, variables }: Kept, { url }: House): Stranger {
  const { RESOURCE_BASE_URL: issuer = "" } = variables;
  const address = `${url}/token`;
  const metadata = {
    issuer,
    authorization_endpoint: `${url}/authorize`,
    registration_endpoint: `${url}/register`,
    token_endpoint: address,
    revocation_endpoint: address,
  };
  return createStranger({ ...known, metadata, resource: `${issuer}/mcp` });
}
