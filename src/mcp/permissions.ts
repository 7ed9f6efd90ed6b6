/**
 * The permission rule. What an operation requires and what a caller has go in, a verdict comes out.
 * Pure: it reads no token, no clock and no store.
 */

import { type Freshness, isFresh, type SignIn } from "../grants/freshness.ts";

/**
 * What a caller has. Both lists are of permission names, which are OAuth scope-tokens at the same
 * time.
 */
interface Standing {
  /** What the person may do, as the identity provider said. */
  readonly held: ReadonlySet<string>;
  /** What the person allowed this client (the `scope` of its access token). */
  readonly granted: ReadonlySet<string>;
  /** Tools that came after the person's yes, and ask again. */
  readonly withheld: ReadonlySet<string>;
  /** When and how the person signed in. */
  readonly signIn: SignIn;
  /** Epoch seconds. */
  readonly now: number;
}

/** What is judged: anything that names permissions; a tool also by its own name. */
export interface Judged {
  readonly permissions: readonly string[];
  readonly name?: string;
  /** What the permissions ask of the person's sign-in. */
  readonly fresh?: Freshness;
  /** Tools have them. */
  readonly annotations?: unknown;
}

export type Verdict =
  | { readonly verdict: "allowed" }
  /** Authorizing again with these scopes succeeds (RFC 6750 §3.1 `insufficient_scope`). */
  | { readonly verdict: "step_up"; readonly scopes: readonly [string, ...string[]] }
  /** The person has to sign in again (RFC 9470 §3 `insufficient_user_authentication`). */
  | { readonly verdict: "stale"; readonly wanted: Freshness }
  /** Only an administrator can help: a challenge would open a browser for nothing. */
  | { readonly verdict: "denied"; readonly missing: readonly [string, ...string[]] };

const ALLOWED: Verdict = { verdict: "allowed" };

/**
 * Judges one operation. Every required permission must be held and granted; what is not held
 * decides first, and every missing name is told at once. Having more never makes a verdict worse. A
 * tool that came after the person's yes and does more than read has to be allowed first. Last comes
 * how recent and strong the sign-in is.
 */
export function judgePermissions(judged: Judged, standing: Standing): Verdict {
  const { permissions: required, name, annotations, fresh: wanted } = judged;
  const missing = without(required, standing.held);
  if (missing !== undefined) return { verdict: "denied", missing };
  const scopes = without(required, standing.granted);
  if (scopes !== undefined) return { verdict: "step_up", scopes };
  if (annotations !== undefined && standing.withheld.has(name ?? "")) {
    const [first, ...rest] = required;
    if (first !== undefined) return { verdict: "step_up", scopes: [first, ...rest] };
  }
  return wanted === undefined || isFresh(wanted, standing.signIn, standing.now)
    ? ALLOWED
    : { verdict: "stale", wanted };
}

/** What a caller can use through this client: held at the identity provider and granted here. */
export function effectivePermissions({
  held,
  granted,
}: Pick<Standing, "held" | "granted">): readonly string[] {
  return [...held].filter((permission) => granted.has(permission));
}

function without(
  required: readonly string[],
  present: ReadonlySet<string>,
): readonly [string, ...string[]] | undefined {
  if (required.every((permission) => present.has(permission))) return undefined;
  const [first, ...rest] = required.filter((permission) => !present.has(permission));
  return first === undefined ? undefined : [first, ...rest];
}
