/**
 * The tenant's RSA keys. As at Auth0 two are published at any time, the current one and the next; a
 * rotation keeps the previous one too. Private keys leave only into the tenant's own file.
 */
import { generateKeyPair, randomUUID } from "node:crypto";
import { promisify } from "node:util";
import type { JWK } from "jose";
import { readPrivateFile, writePrivateFile } from "./private-file.ts";

export interface Keyring {
  /** The private key that signs now. */
  current(): JWK;
  /** Private keys, the signing one first. */
  all(): readonly JWK[];
  /** What `/.well-known/jwks.json` shows. */
  published(): { keys: JWK[] };
  /**
   * Promotes the next key, publishes a fresh one and keeps the previous one for the tokens it
   * signed.
   */
  rotate(): Promise<void>;
}

/** Both halves of one key, under one `kid`. */
interface KeyPair {
  readonly privateKey: JWK;
  readonly publicKey: JWK;
}

type Keys = readonly [current: KeyPair, next: KeyPair, ...previous: KeyPair[]];

/**
 * The keyring of `file`, made when there is none; without a file, one that lives as long as the
 * process.
 */
export async function openKeyring(file?: string): Promise<Keyring> {
  let keys = file === undefined ? await sharedKeys() : await storedKeys(file);
  return {
    current: () => keys[0].privateKey,
    all: () => keys.map(({ privateKey }) => privateKey),
    published: () => ({ keys: keys.map(({ publicKey }) => publicKey) }),
    async rotate() {
      const [previous, next] = keys;
      keys = [next, await createKey(), previous];
      if (file !== undefined) await writePrivateFile(file, keys);
    },
  };
}

let shared: Promise<Keys> | undefined;

/**
 * RSA keys are slow to make: every tenant of a process that keeps no file starts with the same two.
 */
function sharedKeys(): Promise<Keys> {
  return (shared ??= createKeys());
}

async function storedKeys(file: string): Promise<Keys> {
  const stored = await readPrivateFile(file);
  if (isKeys(stored)) return stored;
  const keys = await createKeys();
  await writePrivateFile(file, keys);
  return keys;
}

function createKeys(): Promise<Keys> {
  return Promise.all([createKey(), createKey()]);
}

async function createKey(): Promise<KeyPair> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)("rsa", {
    modulusLength: 2048,
  });
  const names = { kid: randomUUID(), alg: "RS256", use: "sig" };
  return {
    privateKey: { ...privateKey.export({ format: "jwk" }), ...names },
    publicKey: { ...publicKey.export({ format: "jwk" }), ...names },
  };
}

function isKeys(value: unknown): value is Keys {
  return Array.isArray(value) && value.length >= 2 && value.every(isKeyPair);
}

function isKeyPair(value: unknown): value is KeyPair {
  return (
    typeof value === "object" && value !== null && "privateKey" in value && "publicKey" in value
  );
}
