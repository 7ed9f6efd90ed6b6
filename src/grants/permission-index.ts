/**
 * Permissions in short: sets of names as bits over the list of every permission this server asks
 * for. Names go in, a text comes out, and the other way round. A text says of which list it is, so
 * that a version with another list does not misread it. Pure but for the hash.
 */
import { base64url } from "jose";
import { hashText } from "../keys.ts";
import type { ChangingTool } from "./frozen.ts";

/** Many people hold the same, so their texts are read once. */
const MOST_REMEMBERED_TEXTS = 1000;

export interface PermissionIndex {
  /** Names the list: eight characters. */
  readonly list: string;
  encode(names: Iterable<string>): string;
  /** The names, in the list's order: the same list for the same text. */
  decode(bits: string): readonly string[];
}

/**
 * Makes the index over a list of permissions; the order of the list does not matter. `tools` that
 * change something are part of the list's name: a token from before one of them came says so.
 */
export async function createPermissionIndex(
  permissions: readonly string[],
  tools: readonly ChangingTool[] = [],
): Promise<PermissionIndex> {
  const names = [...new Set(permissions)].toSorted();
  const places = new Map(names.map((name, place) => [name, place]));
  const decoded = new Map<string, readonly string[]>();
  return {
    list: (await hashText([...names, ...tools.map(spellOut).toSorted()].join("\n"))).slice(0, 8),
    encode: (chosen) => {
      const bytes = new Uint8Array(Math.ceil(names.length / 8));
      for (const name of chosen) {
        const place = places.get(name);
        if (place !== undefined) bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (1 << (place & 7));
      }
      return base64url.encode(bytes);
    },
    decode: (bits) => {
      const known = decoded.get(bits);
      if (known !== undefined) return known;
      const bytes = base64url.decode(bits);
      const read = names.filter((_, place) => hasBit(bytes, place));
      if (decoded.size >= MOST_REMEMBERED_TEXTS) decoded.clear();
      decoded.set(bits, read);
      return read;
    },
  };
}

function hasBit(bytes: Uint8Array, place: number): boolean {
  return ((bytes[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
}

/** No permission has a space (RFC 6749 §3.3). */
function spellOut({ name, permissions }: ChangingTool): string {
  return ` ${name} ${permissions.join(" ")}`;
}
