/**
 * The commands of `npm run admin`, and how a person or a machine reads what they report. An order
 * goes in, a text comes out.
 */
import { Obstacle } from "../obstacle.ts";
import { readTools } from "../doctor/tools.ts";
import { readVariables } from "../variables-file.ts";
import type { Order } from "./arguments.ts";
import {
  count,
  findGrants,
  findUserId,
  judgeAccess,
  listClients,
  removeClient,
  revoke,
  tell,
} from "./orders.ts";
import { createOperatorParts, type OperatorParts } from "./parts.ts";
import { applicationName, printable } from "../../src/pages/printable.ts";
import { type SwitchedOff, withVariables } from "../../src/switches.ts";
import { readSwitches, turn } from "./switches.ts";
import type { ClientSummary } from "./walk.ts";

export type Command = Exclude<Order["command"], "trace">;

/** What is found or done, and how a person reads it. */
interface Report {
  readonly value: unknown;
  readonly text: string;
}

const COMMANDS: Readonly<Record<Command, (parts: OperatorParts, order: Order) => Promise<Report>>> =
  {
    async people(parts, order) {
      const grants = (await findGrants(parts, order)).map(({ summary }) => summary);
      const userId = await findUserId(parts, order);
      const named = userId === undefined ? [] : [`user ${userId}`];
      return { value: { userId, grants }, text: [...named, ...grants.map(renderGrant)].join("\n") };
    },
    async access(parts, order) {
      const grants = (await findGrants(parts, order)).map(({ summary }) => summary);
      const { tools } = await readTools().catch(refuseWithout);
      const access = judgeAccess(
        grants,
        tools,
        withVariables(await readSwitches(parts), parts.auth),
      );
      return { value: access, text: access.map(renderAccess).join("\n") || "no grant" };
    },
    async revoke(parts, order) {
      const ended = await revoke(parts, order);
      return {
        value: { ended },
        text: `${ended} grants ended; elsewhere within REVOCATION_CHECK_SECONDS`,
      };
    },
    async clients(parts, order) {
      if (order.remove !== undefined) {
        const removal = await removeClient(parts, order);
        const done = removal.wasRegistered ? "removed" : "no such client is registered";
        return { value: removal, text: `${done}, and ${removal.ended} grants ended` };
      }
      const clients = await listClients(parts);
      return { value: clients, text: clients.map(renderClient).join("\n") };
    },
    block: async (parts, order) => reportSwitches(await turn(parts, order, true)),
    unblock: async (parts, order) => reportSwitches(await turn(parts, order, false)),
    blocked: async (parts) => reportSwitches(await readSwitches(parts)),
    async count(parts) {
      const counted = await count(parts);
      const rows = Object.entries(counted).map(
        ([name, number]) => `${String(number).padStart(8)}  ${name}`,
      );
      return { value: counted, text: rows.join("\n") };
    },
    async tell(parts) {
      const told = await tell(parts);
      return { value: { told }, text: `Auth0 was told of ${told}` };
    },
  };

/** Without the tools every answer would be wrong. */
function refuseWithout(error: unknown): never {
  const told = error instanceof Error ? error.message : "";
  throw new Obstacle("The tools in src/tools/ cannot be loaded.", told);
}

/** Does what was ordered. */
export async function obey(order: Order & { readonly command: Command }): Promise<string> {
  const parts = createOperatorParts(readVariables(order.file));
  const { value, text } = await COMMANDS[order.command](parts, order);
  return order.json ? JSON.stringify(value, undefined, 2) : text;
}

function reportSwitches(off: SwitchedOff): Report {
  const rows = [
    ...(off.everything ? ["everything"] : []),
    ...(off.registration ? ["registration"] : []),
    ...off.clients.map((id) => `client ${id}`),
    ...off.permissions.map((name) => `permission ${name}`),
  ];
  const text = rows.length === 0 ? "nothing is off" : `off, everywhere within a minute:`;
  return { value: off, text: [text, ...rows].join("\n  ") };
}

function renderClient({ clientId, clientName, redirectUris }: ClientSummary): string {
  const addresses = redirectUris.map((address) => printable(address, 200));
  return [clientId, applicationName(clientName), ...addresses].join("  ");
}

/** It chose the name itself, and others may have the same. */
function nameOf({ clientName, clientId }: Pick<ClientSummary, "clientName" | "clientId">): string {
  return `${applicationName(clientName)} (${clientId})`;
}

function renderGrant(grant: Awaited<ReturnType<typeof findGrants>>[number]["summary"]): string {
  const day = (at: number): string => new Date(at * 1000).toISOString().slice(0, 16);
  const { userId, grantId, clientName, clientId, createdAt, expiresAt, scopes } = grant;
  return `${userId}:${grantId}\n  ${nameOf({ clientName, clientId })}\n  since ${day(createdAt)}, until ${day(expiresAt)}: ${scopes.join(" ")}`;
}

const LAYERS = {
  allowed: "can be called",
  switch: "no: switched off is",
  role: "no: the role at the provider lacks",
  consent: "no: the person did not allow this client",
} as const;

function renderAccess({
  clientName,
  clientId,
  tool,
  verdict,
  missing,
}: ReturnType<typeof judgeAccess>[number]) {
  return `${nameOf({ clientName, clientId })}  ${tool}: ${[LAYERS[verdict], ...missing].join(" ")}`;
}
