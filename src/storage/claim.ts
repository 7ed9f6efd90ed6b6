/**
 * Claims: what one request at a time, or one request ever, may do. A name is claimed by a nonce of
 * its claimant (SET NX GET), and given back by a second mark beside it, by its claimant alone. So
 * neither a late claim nor a late return can take anything from another. Nothing is sent here.
 */
import { randomText } from "../keys.ts";
import type { Command, Reply } from "./command.ts";
import type { Vault } from "./vault.ts";

export interface Claim {
  readonly name: string;
  readonly ttlSeconds: number;
  readonly nonce: string;
  /** Counts up each time the one before was given back. */
  readonly attempt: number;
}

/** What came of a claim: it is ours, another's, or can be asked for once more. */
export type ClaimVerdict = "ours" | "taken" | "given_back";

/** How often one name can be given back; who gives back was met by a fault. */
export const MOST_ATTEMPTS = 8;

const MOST_STRANDED = 1000;

/** Nonces of this isolate whose return could not be written, because the store did not answer. */
const stranded = new Set<string>();

/** A first claim on a name, not yet asked for. */
export function createClaim(name: string, ttlSeconds: number): Claim {
  return { name, ttlSeconds, nonce: randomText(12), attempt: 0 };
}

/** The commands that ask for a claim: two replies belong to them. */
export async function askFor(vault: Vault, claim: Claim): Promise<readonly Command[]> {
  return [
    {
      do: "claim",
      key: await keyOf(vault, claim),
      value: claim.nonce,
      ttlSeconds: claim.ttlSeconds,
    },
    { do: "get", key: await returnKeyOf(vault, claim) },
  ];
}

/** Judges the two replies: a repeated question meets itself, and is right. */
export function judgeClaim(
  claim: Claim,
  [holder, returned]: readonly [Reply | undefined, Reply | undefined],
): ClaimVerdict {
  if (returned !== null && returned !== undefined) return "given_back";
  if (holder === null || holder === claim.nonce) return "ours";
  return typeof holder === "string" && stranded.has(holder) ? "given_back" : "taken";
}

/**
 * Which of these claims are ours: asked once more, since who got no answer does not know. What is
 * another's is not ours to give back.
 */
export async function findOurs(vault: Vault, claims: readonly Claim[]): Promise<readonly Claim[]> {
  const make = async () => (await Promise.all(claims.map((claim) => askFor(vault, claim)))).flat();
  const replies = await vault.transact(make, { isPatient: true });
  return claims.filter(
    (claim, index) => judgeClaim(claim, [replies[2 * index], replies[2 * index + 1]]) === "ours",
  );
}

/** The command that gives a claim back. */
export async function giveBack(vault: Vault, claim: Claim): Promise<Command> {
  const { nonce: value, ttlSeconds } = claim;
  return { do: "claim", key: await returnKeyOf(vault, claim), value, ttlSeconds };
}

/** Remembers a claim that was given up and may still stand. */
export function strandClaim({ nonce }: Claim): void {
  if (stranded.size >= MOST_STRANDED) stranded.clear();
  stranded.add(nonce);
}

/** Where it stands that a claim was given back. */
export function returnKeyOf(vault: Vault, { name, attempt }: Claim): Promise<string> {
  return vault.keyOf(`returned:${attempt}:${name}`);
}

function keyOf(vault: Vault, { name, attempt }: Claim): Promise<string> {
  return vault.keyOf(`claim:${attempt}:${name}`);
}
