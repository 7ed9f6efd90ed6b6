/**
 * A client as the log knows it: its id, hashed and cut, so that lines of one client can be found and
 * nothing a stranger wrote is printed.
 */
import { hashText } from "../keys.ts";

/** Enough to tell the clients of one server apart. */
const MARK_CHARACTERS = 8;

/** The mark of a client id. */
export async function markOf(clientId: string): Promise<string> {
  return (await hashText(clientId)).slice(0, MARK_CHARACTERS);
}
