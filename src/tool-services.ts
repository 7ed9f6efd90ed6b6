/**
 * What stands behind every tool, put together once per isolate: the environment and the parts go in,
 * what a tool sees, asks and remembers with comes out.
 */
import { now } from "./assembly.ts";
import type { Env } from "./config.ts";
import { createToolRecords } from "./grants/tool-records.ts";
import { createMemoryRecords, type Services, toolEnvOf } from "./mcp/services.ts";
import type { Parts } from "./parts.ts";
import { createSealer } from "./storage/sealing.ts";

/** The services of this isolate; without sign-in nothing outlives it. */
export async function createServices(env: Env, parts: Parts | undefined): Promise<Services> {
  const keys = parts?.config.auth.store.encryptionKeys;
  const sealer = await createSealer(keys ?? [crypto.getRandomValues(new Uint8Array(32))]);
  return {
    ...toolEnvOf(env),
    now,
    records: parts === undefined ? createMemoryRecords(now) : createToolRecords(parts.vault),
    seal: {
      seal: (text, boundTo) => sealer.seal(text, boundTo),
      async open(sealed, boundTo) {
        const opened = await sealer.open(sealed, boundTo);
        return "text" in opened ? opened.text : undefined;
      },
    },
  };
}
