/**
 * What is tidied up beside a sign-in, after its answer: connections that make room for it, tokens that
 * Auth0 is still to be told of. The sign-in's own transaction reads what there is to do.
 */
import type { Exchange } from "../exchange.ts";
import { chooseSuperfluous, listConnections, MOST_CONNECTIONS } from "../grants/connections.ts";
import { endAtOnce, endingOf } from "../grants/ending.ts";
import { askForDue, sayDue } from "../grants/farewell.ts";
import { connectionsName } from "../grants/record.ts";
import type { Parts } from "../parts.ts";
import type { Reply } from "../storage/command.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";

/** How many tokens that nobody wants any more are told of. */
const FAREWELLS_BESIDE = 10;

/** What is read in the transaction that writes the grant, for what is tidied up after the answer. */
export interface Beside {
  connections: Reply | undefined;
  farewells: Reply | undefined;
}

/** Reads it. */
export function readBeside(work: UnitOfWork, { vault }: Parts, userId: string): Beside {
  const beside: Beside = { connections: undefined, farewells: undefined };
  work.also(
    async () => [
      { do: "getFields", key: await vault.keyOf(connectionsName(userId)) },
      askForDue(vault, FAREWELLS_BESIDE),
    ],
    ([connections, farewells]) => Object.assign(beside, { connections, farewells }),
  );
  return beside;
}

/**
 * Makes room for the next sign-in, and tells Auth0 a few of the things it is still to be told. Asks
 * the store nothing when there is nothing to do.
 */
export async function tidy(
  { parts, exchange }: { readonly parts: Parts; readonly exchange: Exchange },
  userId: string,
  { connections, farewells }: Beside,
): Promise<void> {
  const name = connectionsName(userId);
  const work = parts.beginWork();
  await work.recall(name, connections);
  work.sweep(name);
  const most = MOST_CONNECTIONS + 1;
  const superfluous = chooseSuperfluous(await listConnections(work, userId), {
    now: parts.now(),
    most,
  });
  await endAtOnce(
    parts,
    { work, execution: exchange.execution },
    superfluous.map((connection) => endingOf(userId, connection)),
  );
  await sayDue(parts, farewells);
}
