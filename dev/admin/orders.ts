/**
 * What an operator orders, over the same store and the same parts as the server. An order goes in,
 * what was found or done comes out. No token, no secret and no name of a person is part of it.
 */
import { endAtOnce } from "../../src/grants/ending.ts";
import { sayFarewells } from "../../src/grants/farewell.ts";
import { deriveUserId } from "../../src/identity/user-id.ts";
import { judgePermissions } from "../../src/mcp/permissions.ts";
import { Obstacle } from "../obstacle.ts";
import type { SwitchedOff } from "../../src/switches.ts";
import type { CatalogueTool } from "../doctor/tools.ts";
import type { Order } from "./arguments.ts";
import {
  type ClientSummary,
  type FoundGrant,
  type GrantSummary,
  walkClients,
  walkGrants,
} from "./walk.ts";
import type { OperatorParts } from "./parts.ts";

/** Ended together: one transaction each. */
const GRANTS_AT_ONCE = 20;

/** The person an order names, by our id or by the provider's. */
export async function findUserId(
  { auth }: OperatorParts,
  { sub, user }: Order,
): Promise<string | undefined> {
  return sub === undefined ? user : deriveUserId(auth.identity.issuer, sub);
}

/** Grants by person, client or id; all of them when nothing is named. */
export async function findGrants(
  parts: OperatorParts,
  order: Order,
): Promise<readonly FoundGrant[]> {
  const userId = await findUserId(parts, order);
  const found: FoundGrant[] = [];
  for await (const grant of walkGrants(parts))
    if (isWanted(grant.summary, order, userId)) found.push(grant);
  return found;
}

function isWanted(grant: GrantSummary, order: Order, userId: string | undefined): boolean {
  const { client, grant: id, since } = order;
  return (
    (userId === undefined || grant.userId === userId) &&
    (client === undefined || grant.clientId === client) &&
    (id === undefined || `${grant.userId}:${grant.grantId}` === id) &&
    (since === undefined || grant.createdAt >= since)
  );
}

/** Ends grants; returns how many. More than one person's only when that was said. */
export async function revoke(parts: OperatorParts, order: Order): Promise<number> {
  const { sub, user, client, grant, all, yes } = order;
  if (![sub, user, client, grant].some((name) => name !== undefined) && !all)
    throw new Obstacle("Whose? Name a person, a client or a grant, or say --all.");
  const found = await findGrants(parts, order);
  const people = new Set(found.map(({ summary }) => summary.userId));
  if (people.size > 1 && !yes)
    throw new Obstacle(`That ends ${found.length} grants of ${people.size} people.`, "Say --yes.");
  await endGrants(parts, found);
  return found.length;
}

async function endGrants(parts: OperatorParts, found: readonly FoundGrant[]): Promise<void> {
  for (let index = 0; index < found.length; index += GRANTS_AT_ONCE) {
    const endings = found.slice(index, index + GRANTS_AT_ONCE).map((grant) => ({
      userId: grant.summary.userId,
      grantId: grant.summary.grantId,
      generation: grant.generation,
      refreshToken: grant.refreshToken,
    }));
    const told: Promise<unknown>[] = [];
    const work = parts.beginWork();
    await endAtOnce(
      parts,
      { work, execution: { waitUntil: (promise) => void told.push(promise) } },
      endings,
    );
    await Promise.all(told);
  }
}

/** Registered clients. */
export async function listClients(parts: OperatorParts): Promise<readonly ClientSummary[]> {
  const clients: ClientSummary[] = [];
  for await (const client of walkClients(parts)) clients.push(client);
  return clients;
}

export interface Removal {
  /** How many grants. */
  readonly ended: number;
  readonly wasRegistered: boolean;
}

/** Removes a client's registration and ends its grants. */
export async function removeClient(parts: OperatorParts, order: Order): Promise<Removal> {
  const clientId = order.remove ?? "";
  const found = await findGrants(parts, { ...order, client: clientId });
  await endGrants(parts, found);
  const key = await parts.vault.keyOf(`client:${clientId}`);
  const remove = [{ do: "delete", keys: [key] } as const];
  const [deleted] = await parts.vault.redis.transact(remove, { isPatient: true });
  return { ended: found.length, wasRegistered: deleted !== 0 };
}

export interface Count {
  readonly grants: number;
  readonly people: number;
  readonly machines: number;
  readonly clientsWithGrants: number;
  readonly registeredClients: number;
}

export async function count(parts: OperatorParts): Promise<Count> {
  const callers = { person: new Set<string>(), machine: new Set<string>() };
  const clients = new Set<string>();
  let grants = 0;
  for await (const { summary } of walkGrants(parts)) {
    grants += 1;
    callers[summary.kind].add(summary.userId);
    clients.add(summary.clientId);
  }
  const registeredClients = (await listClients(parts)).length;
  return {
    grants,
    people: callers.person.size,
    machines: callers.machine.size,
    clientsWithGrants: clients.size,
    registeredClients,
  };
}

/** Tells the provider what is due, until nothing is left. */
export async function tell(parts: OperatorParts): Promise<number> {
  let told = 0;
  for (let some = 1; some > 0; told += some) some = await sayFarewells(parts, 50);
  return told;
}

export interface Access {
  readonly clientName: string;
  readonly clientId: string;
  readonly tool: string;
  /** What says no: nothing, a switch, the role at the provider, or the person's consent. */
  readonly verdict: "allowed" | "switch" | "role" | "consent";
  readonly missing: readonly string[];
}

/** Which tools can be called through which grant, and which layer says no first. Pure. */
export function judgeAccess(
  grants: readonly GrantSummary[],
  tools: readonly CatalogueTool[],
  off: SwitchedOff,
): readonly Access[] {
  return grants.flatMap(({ clientName, clientId, held, granted }) =>
    tools.map(({ name: tool, permissions }): Access => {
      const switched = [
        ...(off.everything ? ["everything"] : []),
        ...(off.clients.includes(clientId) ? ["the client"] : []),
        ...permissions.filter((name) => off.permissions.includes(name)),
      ];
      if (switched.length > 0)
        return { clientName, clientId, tool, verdict: "switch", missing: switched };
      const standing = {
        held: new Set(held),
        granted: new Set(granted === "all" ? held : granted),
        // Which tools came later is known to the running server only.
        withheld: new Set<string>(),
      };
      const judged = judgePermissions({ permissions }, { ...standing, signIn: {}, now: 0 });
      const common = { clientName, clientId, tool };
      if (judged.verdict === "allowed") return { ...common, verdict: "allowed", missing: [] };
      return judged.verdict === "denied"
        ? { ...common, verdict: "role", missing: judged.missing }
        : {
            ...common,
            verdict: "consent",
            missing: judged.verdict === "step_up" ? judged.scopes : [],
          };
    }),
  );
}
