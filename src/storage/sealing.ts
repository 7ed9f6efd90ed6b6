/**
 * Sealed text: AES-256-GCM under a ring of keys. A text and the Redis key it is stored under go in,
 * `v1.kid.data` comes out; it opens only under that same key of Redis, so a record cannot be moved,
 * cut or edited (NIST SP 800-38D). A plain text is never accepted in place of a sealed one.
 */
import { base64url } from "jose";
import { deriveKeyId, deriveSealingKey } from "../keys.ts";

/** Why a stored text does not open. */
export type SealProblem = "not_sealed" | "unknown_key" | "unknown_format" | "damaged";

export interface Sealer {
  /** Seals with the first key of the ring. */
  seal(text: string, storedAs: string): Promise<string>;
  /** Opens with whichever key of the ring sealed it. */
  open(
    sealed: string,
    storedAs: string,
  ): Promise<{ readonly text: string } | { readonly problem: SealProblem }>;
  /** Whether the first key sealed this, as far as its label tells. */
  isCurrent(sealed: string): boolean;
  /** The names of the ring's keys, first to last. */
  readonly keyIds: readonly string[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const FORMAT = "v1";
const IV_BYTES = 12;
const SEALED = /^v1\.([\w-]{8})\.([\w-]+)$/;

/** What a later version of us may write: the number counts up when earlier ones must not read it. */
const LATER = /^v(?!1\.)\d{1,3}\.[\w-]{8}\./;

/** Derives the ring's keys. The first one seals, all of them open. */
export async function createSealer(
  secrets: readonly [Uint8Array<ArrayBuffer>, ...Uint8Array<ArrayBuffer>[]],
): Promise<Sealer> {
  const ring = new Map<string, CryptoKey>();
  for (const secret of secrets) ring.set(await deriveKeyId(secret), await deriveSealingKey(secret));
  const first = { kid: await deriveKeyId(secrets[0]), key: await deriveSealingKey(secrets[0]) };
  return {
    keyIds: [...ring.keys()],
    isCurrent: (sealed) => sealed.startsWith(`${FORMAT}.${first.kid}.`),
    seal: (text, storedAs) => sealText(text, storedAs, first),
    open: (sealed, storedAs) => openText(sealed, storedAs, ring),
  };
}

async function sealText(
  text: string,
  storedAs: string,
  { kid, key }: { kid: string; key: CryptoKey },
): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const data = await crypto.subtle.encrypt(cipher(iv, kid, storedAs), key, encoder.encode(text));
  const whole = new Uint8Array(IV_BYTES + data.byteLength);
  whole.set(iv);
  whole.set(new Uint8Array(data), IV_BYTES);
  return `${FORMAT}.${kid}.${base64url.encode(whole)}`;
}

async function openText(sealed: string, storedAs: string, ring: ReadonlyMap<string, CryptoKey>) {
  const [, kid, data] = SEALED.exec(sealed) ?? [];
  if (kid === undefined || data === undefined)
    return { problem: LATER.test(sealed) ? "unknown_format" : "not_sealed" } as const;
  const key = ring.get(kid);
  if (key === undefined) return { problem: "unknown_key" } as const;
  try {
    const whole = new Uint8Array(base64url.decode(data));
    const plain = await crypto.subtle.decrypt(
      cipher(whole.subarray(0, IV_BYTES), kid, storedAs),
      key,
      whole.subarray(IV_BYTES),
    );
    return { text: decoder.decode(plain) };
  } catch {
    return { problem: "damaged" } as const;
  }
}

/** The additional data binds format, key and place. */
function cipher(iv: Uint8Array<ArrayBuffer>, kid: string, storedAs: string) {
  return {
    name: "AES-GCM" as const,
    iv,
    additionalData: encoder.encode(`${FORMAT}\n${kid}\n${storedAs}`),
  };
}
