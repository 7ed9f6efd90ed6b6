/**
 * The secrets of a local run: 32 random bytes each, made at the first start and kept, since clients, sessions and
 * sealed records outlive a restart. A file goes in, the keys come out. Never printed.
 */
import { randomBytes } from "node:crypto";
import { readEnvFile, writeEnvFile } from "./env-file.ts";

const NAMES = [
  "AUTH0_CLIENT_SECRET",
  "JWT_SIGNING_KEY",
  "STORAGE_ENCRYPTION_KEY",
  "UPSTASH_REDIS_REST_TOKEN",
] as const;

export type Keys = Readonly<Record<(typeof NAMES)[number], string>>;

/** The keys in a file; those that are missing are made and added. */
export function openKeys(file: string): Keys {
  const kept = readEnvFile(file);
  const keyOf = (name: keyof Keys) => kept[name] ?? randomBytes(32).toString("base64");
  const keys = {
    AUTH0_CLIENT_SECRET: keyOf("AUTH0_CLIENT_SECRET"),
    JWT_SIGNING_KEY: keyOf("JWT_SIGNING_KEY"),
    STORAGE_ENCRYPTION_KEY: keyOf("STORAGE_ENCRYPTION_KEY"),
    UPSTASH_REDIS_REST_TOKEN: keyOf("UPSTASH_REDIS_REST_TOKEN"),
  };
  if (NAMES.some((name) => kept[name] === undefined)) writeEnvFile(file, keys);
  return keys;
}
