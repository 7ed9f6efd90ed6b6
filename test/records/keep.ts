/**
 * Keeps records as this release writes them: `node test/records/keep.ts NAME`. A person, a machine and
 * a client sign in at a house; what then lies in the store goes into `NAME.json` beside this file, with
 * the keys, which open nothing else. Later releases must read it: test/flow/versions.test.ts.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { startHouse } from "../support/house.ts";
import { askForToken } from "../support/machine.ts";
import { storedKeys } from "../support/sessions.ts";
import { json, meetStranger, type Tokens } from "../support/stranger.ts";

const house = await startHouse();
const client = await meetStranger(`${house.issuer}/mcp`);
const ada = await client.signIn("ada");
const tokens = await json<Tokens>(await client.refresh(ada.refresh_token), 200);
const machine = await json<Tokens>(await askForToken(house), 200);
// Left at the question, and left between consent and code.
const attempt = client.begin();
const back = await client.approve(attempt, "rob");
const records = [];
for (const key of await storedKeys(house)) {
  const type = z.enum(["string", "hash", "zset"]).parse(await house.store.run("TYPE", key));
  const reads = {
    string: ["GET", key],
    hash: ["HGETALL", key],
    zset: ["ZRANGE", key, "0", "-1", "WITHSCORES"],
  } as const;
  records.push({ key, type, content: await house.store.run(...reads[type]) });
}
const { JWT_SIGNING_KEY, STORAGE_ENCRYPTION_KEY } = house.variables;
const kept = {
  madeAt: Math.floor(Date.now() / 1000),
  variables: { RESOURCE_BASE_URL: house.issuer, JWT_SIGNING_KEY, STORAGE_ENCRYPTION_KEY },
  client: { clientId: client.clientId, redirectUri: client.redirectUri },
  used: ada.refresh_token,
  tokens: { access: tokens.access_token, refresh: tokens.refresh_token },
  machine: machine.access_token,
  code: { value: back.searchParams.get("code"), verifier: attempt.verifier },
  records,
};
const file = join(import.meta.dirname, `${process.argv[2] ?? "unnamed"}.json`);
writeFileSync(file, `${JSON.stringify(kept, undefined, 2)}\n`);
await house.stop();
