/**
 * A client as the log knows it: its id, hashed and cut, so that lines of one client can be found and
 * nothing a stranger wrote is printed.
 */
import { hashText } from "../keys.ts";

const LONGEST_ID_CHARACTERS = 512;

/**
 * Whether a text can be the id of a client: printable ASCII (RFC 6749 §A.1), and short, addresses of
 * documents included.
 */
export function isClientId(text: string): boolean {
  return text.length <= LONGEST_ID_CHARACTERS && /^[\x20-\x7e]+$/.test(text);
}

/** Enough to tell the clients of one server apart. */
const MARK_CHARACTERS = 8;

/** The mark of a client id. */
export async function markOf(clientId: string): Promise<string> {
  return (await hashText(clientId)).slice(0, MARK_CHARACTERS);
}
