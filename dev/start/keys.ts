/**
 * The secrets of a local run: 32 random bytes each, made at the first start and kept, since
 * clients, sessions and sealed records outlive a restart. A file goes in, the keys come out. Never
 * printed.
 */
import { randomBytes } from "node:crypto";
import * as z from "zod";
import { readEnvFile, writeEnvFile } from "./env-file.ts";

const secret = z
  .string()
  .min(1)
  .default(() => randomBytes(32).toString("base64"));

const keysSchema = z.object({
  AUTH0_CLIENT_SECRET: secret,
  AUTH0_API_CLIENT_SECRET: secret,
  JWT_SIGNING_KEY: secret,
  STORAGE_ENCRYPTION_KEY: secret,
  UPSTASH_REDIS_REST_TOKEN: secret,
});

export type Keys = Readonly<z.output<typeof keysSchema>>;

/** The keys in a file; those that it lacks are made and kept there. */
export function openKeys(file: string): Keys {
  const keys = keysSchema.parse(readEnvFile(file));
  writeEnvFile(file, keys);
  return keys;
}
