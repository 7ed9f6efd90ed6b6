/**
 * `/health` and `/ready`: for whoever watches this server. The parts go in; which of them work
 * comes out, by name and reason code. `/health` touches nothing; `/ready` asks at most once in ten
 * seconds. Nothing secret is ever shown.
 */
import { type Reason, Refusal } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { IdentityProvider } from "./identity/provider.ts";
import type { StoreChange, Vault } from "./storage/vault.ts";
import { assertServing, type SwitchedOff, type Switches } from "./switches.ts";

export interface ReadinessParts {
  readonly identity: IdentityProvider;
  readonly vault: Vault;
  readonly switches: Switches;
  /** Epoch seconds. */
  readonly now: () => number;
}

type Finding = "ok" | Reason | StoreChange["how"];

const FRESH_SECONDS = 10;

/** How long it is said that the store was emptied or exchanged, though all works again. */
const CHANGE_SAID_SECONDS = 600;

/** Whether this Worker runs at all. */
export function answerHealth(): Response {
  return Response.json({ status: "ok" });
}

type Checks = Readonly<Record<string, Finding>>;

/** Longer than every check may take. */
const LONGEST_CHECK_MS = 6000;

/** Who asks: only the log line of the request is needed. */
interface Asked {
  readonly env: { readonly exchange: Pick<Exchange, "note"> };
}

/**
 * Makes the answer to `/ready`: 200 when everything works, 503 when something does not. However many
 * ask at once, it is found out once; whoever waits does so in vain when the request that looks is cut
 * off, and then looks for itself.
 */
export function createReadiness(
  parts: ReadinessParts | undefined,
  version: string,
): (asked: Asked) => Promise<Response> {
  let last: { readonly at: number; readonly checks: Checks } | undefined;
  let looking: Promise<Checks> | undefined;
  const look = async (from: ReadinessParts): Promise<Checks> => {
    const checks = await check(from);
    last = { at: from.now(), checks };
    looking = undefined;
    return checks;
  };
  const find = async (from: ReadinessParts): Promise<Checks> => {
    if (last !== undefined && from.now() - last.at < FRESH_SECONDS) return last.checks;
    if (looking === undefined) return (looking = look(from));
    const found = await within(LONGEST_CHECK_MS, looking);
    return found ?? (looking = look(from));
  };
  return async ({ env: { exchange } }) => {
    const checks = parts === undefined ? {} : await find(parts);
    const failed = Object.values(checks).find((found) => found !== "ok");
    if (failed !== undefined) exchange.note({ reason: failed });
    return render(checks, { version, ...(parts && countOff(await parts.switches.known())) });
  };
}

async function within<Value>(limitMs: number, promise: Promise<Value>): Promise<Value | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, limitMs, undefined);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

async function check({
  identity,
  vault,
  switches,
  now,
}: ReadinessParts): Promise<Readonly<Record<string, Finding>>> {
  const [keys, store, provider] = await Promise.all([
    finding(async () => {
      const sealed = await vault.seal("ready", "ready");
      if ((await vault.open(sealed, "ready")) !== "ready") throw new Refusal("internal_error");
    }),
    finding(async () => {
      const probe = {
        key: await vault.keyOf("ready"),
        value: await vault.seal("ready", "ready"),
        ttlSeconds: 60,
      };
      await vault.transact(async () => [{ do: "write", ...probe }]);
    }),
    finding(() => identity.checkReachable()),
  ]);
  const change = vault.changed();
  const isRecent = change !== undefined && now() - change.at < CHANGE_SAID_SECONDS;
  const serving = await finding(async () => assertServing(await switches.current()));
  const isChanged = store === "ok" && isRecent;
  return {
    keys,
    store: isChanged ? change.how : store,
    identity: provider,
    ...(serving === "ok" ? {} : { serving }),
  };
}

async function finding(run: () => Promise<void>): Promise<Finding> {
  try {
    await run();
    return "ok";
  } catch (error) {
    return error instanceof Refusal ? error.reason : "internal_error";
  }
}

/** What is off beside everything, if anything is: how many, not which. */
function countOff({ registration, clients, permissions }: SwitchedOff) {
  if (!registration && clients.length === 0 && permissions.length === 0) return {};
  const counts = { clients: clients.length, permissions: permissions.length };
  return { switchedOff: { registration, ...counts } };
}

function render(checks: Checks, more: Readonly<Record<string, unknown>>): Response {
  const isReady = Object.values(checks).every((found) => found === "ok");
  return Response.json(
    { status: isReady ? "ready" : "not ready", ...more, checks },
    { status: isReady ? 200 : 503 },
  );
}
