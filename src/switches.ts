/**
 * What is switched off: by variables, and by an operator while the server runs (`npm run admin --
 * block`), heard by every isolate within a minute and without a question of its own. A notice goes in,
 * what it comes to comes out. Nothing is lost by it: who is refused is refused, and no session ends.
 */
import * as z from "zod";
import type { AuthConfig } from "./config.ts";
import { Refusal } from "./errors.ts";
import { FEED, LISTEN_SECONDS, type Notice } from "./storage/notice.ts";
import { readStored } from "./storage/stored-text.ts";
import type { Vault } from "./storage/vault.ts";

/** How old what was heard may be when a call is judged by it. */
const HEARD_SECONDS = 60;

/** The same while everything is off: it is to be on again soon after it is said. */
const HEARD_OFF_SECONDS = 10;

/** What is so old is listened for while nobody waits. */
const SOON_SECONDS = 35;

/** After the store gave no answer nobody waits for it again so long. */
const PAUSE_SECONDS = 5;

/** When to look again whether everything is on. */
export const DOWN_RETRY_SECONDS = 60;

const names = z.array(z.string()).readonly().default([]);

export const noticeSchema = z
  .object({
    everything: z.boolean().default(false),
    registration: z.boolean().default(false),
    clients: names,
    permissions: names,
  })
  .readonly();

export type SwitchedOff = z.output<typeof noticeSchema>;

export interface Switches {
  /** As it was heard last. */
  known(): SwitchedOff | Promise<SwitchedOff>;
  /**
   * As it was heard within a minute: the store is asked first when that is longer ago. With a token in
   * hand it is enough that nothing was off, as far as its issuer had heard (epoch seconds).
   */
  current(allOnAt?: number): SwitchedOff | Promise<SwitchedOff>;
  /** Whether what was heard last refuses; that it does is not older than a minute. */
  refuses(by: (off: SwitchedOff) => boolean): Promise<boolean>;
}

interface SwitchParts {
  readonly auth: AuthConfig;
  readonly vault: Vault;
  readonly notice: Notice;
  /** Epoch seconds. */
  readonly now: () => number;
  /** Lets work go on after the response. */
  readonly waitUntil: (work: Promise<unknown>) => void;
}

/** When something was heard, epoch seconds: by this isolate, and by whoever issued a token. */
interface Heard {
  readonly at: number | undefined;
  readonly allOnAt: number | undefined;
}

/** The switches of this isolate. */
export function createSwitches({ auth, vault, notice, now, waitUntil }: SwitchParts): Switches {
  let opened = { text: "", off: withVariables(noticeSchema.parse({}), auth) };
  const open = async (text: string): Promise<SwitchedOff> => {
    const said = readStored(noticeSchema, (await vault.open(text, vault.keyAt(FEED))) ?? "{}");
    opened = { text, off: withVariables(said, auth) };
    return opened.off;
  };
  const known = (): SwitchedOff | Promise<SwitchedOff> => {
    const { text = "" } = notice.heard();
    return opened.text === text ? opened.off : open(text);
  };
  const listen = (): Promise<void> => notice.listen().catch(() => undefined);
  const listenFirst = async (): Promise<SwitchedOff> => {
    const failedAt = notice.failedAt();
    const isPausing = failedAt <= now() && now() - failedAt < PAUSE_SECONDS;
    if (!isPausing) await listen();
    return known();
  };
  const judge = (
    off: SwitchedOff,
    { at = Number.NEGATIVE_INFINITY, allOnAt = Number.NEGATIVE_INFINITY }: Heard,
  ): SwitchedOff | Promise<SwitchedOff> => {
    const heardAt = isAnythingOff(off) ? at : Math.max(at, allOnAt - LISTEN_SECONDS);
    const age = heardAt > now() ? Number.POSITIVE_INFINITY : now() - heardAt;
    if (age > (off.everything ? HEARD_OFF_SECONDS : HEARD_SECONDS)) return listenFirst();
    if (age >= SOON_SECONDS) waitUntil(listen());
    return off;
  };
  const current = (allOnAt?: number): SwitchedOff | Promise<SwitchedOff> => {
    const heard = { at: notice.heard().at, allOnAt };
    const off = known();
    return off instanceof Promise ? off.then((read) => judge(read, heard)) : judge(off, heard);
  };
  return {
    known,
    current,
    refuses: async (by) => by(await known()) && by(await current()),
  };
}

/** What is off by either of them. Pure. */
export function withVariables(said: SwitchedOff, auth: AuthConfig): SwitchedOff {
  return {
    ...said,
    registration: said.registration || !auth.dynamicRegistration,
    clients: [...auth.blockedClients, ...said.clients],
    permissions: [...auth.blockedPermissions, ...said.permissions],
  };
}

/** Whether anything is off that a caller may meet. Pure. */
export function isAnythingOff({ everything, clients, permissions }: SwitchedOff): boolean {
  return everything || clients.length > 0 || permissions.length > 0;
}

/** Whether a client gets and uses nothing until further notice. Pure. */
function isClientOff({ everything, clients }: SwitchedOff, clientId: string): boolean {
  return everything || clients.includes(clientId);
}

/** Refuses a client that is off, with `client_blocked`, or `down_for_work` while everything is. */
export function assertClientOn(off: SwitchedOff, clientId: string): void {
  assertServing(off);
  if (isClientOff(off, clientId)) throw new Refusal("client_blocked");
}

/** The same by what was heard last, without a question to the store unless it is off. */
export async function assertNotBlocked(clientId: string, switches: Switches): Promise<void> {
  if (await switches.refuses((off) => isClientOff(off, clientId)))
    assertClientOn(await switches.known(), clientId);
}

/** Refuses everything that is asked while everything is off, with `down_for_work`. */
export function assertServing({ everything }: Pick<SwitchedOff, "everything">): void {
  if (everything) throw new Refusal("down_for_work", { retryAfterSeconds: DOWN_RETRY_SECONDS });
}

/** The same by what was heard last, without a question to the store unless everything is off. */
export function assertNotDown(switches: Switches): void | Promise<void> {
  const known = switches.known();
  if (known instanceof Promise || known.everything) return assertNotDownNow(switches);
}

async function assertNotDownNow(switches: Switches): Promise<void> {
  assertServing({ everything: await switches.refuses(({ everything }) => everything) });
}

/** Answers while everything is not off; what it has heard of that on the way counts too. */
export async function whileServing(
  switches: Switches,
  answer: () => Promise<Response>,
): Promise<Response> {
  await assertNotDown(switches);
  const response = await answer();
  await assertNotDown(switches);
  return response;
}
