/**
 * How recent and how strong a sign-in is. What is asked for, what is known of the person's sign-in
 * and the time go in; a verdict comes out. Pure (RFC 9470; OpenID Connect Core §2: `auth_time`,
 * `amr`).
 */

/** What a permission asks of the sign-in. */
export interface Freshness {
  /** How old it may be; absent: of any age. */
  readonly maxAgeSeconds?: number;
  /** With a second factor. */
  readonly mfa: boolean;
}

/** The second factor in `acr_values`, as Auth0 and others know it. */
export const SECOND_FACTOR = "http://schemas.openid.net/pape/policies/2007/06/multi-factor";

/** What is known of a person's sign-in; epoch seconds. */
export interface SignIn {
  /** When the person signed in (`auth_time`). */
  readonly at?: number;
  /** When they did so with a second factor (`amr` has `mfa`). */
  readonly mfaAt?: number;
}

/** Whether a sign-in is good enough. One of which nothing is known is not. */
export function isFresh(
  { maxAgeSeconds = Number.POSITIVE_INFINITY, mfa }: Freshness,
  { at, mfaAt }: SignIn,
  now: number,
): boolean {
  const since = mfa ? mfaAt : at;
  return since !== undefined && now - since <= maxAgeSeconds;
}

/** What satisfies all of them; undefined when nobody asks for anything. */
export function strictest(all: readonly Freshness[]): Freshness | undefined {
  if (all.length === 0) return undefined;
  const ages = all.flatMap(({ maxAgeSeconds }) => maxAgeSeconds ?? []);
  return {
    mfa: all.some(({ mfa }) => mfa),
    ...(ages.length === 0 ? {} : { maxAgeSeconds: Math.min(...ages) }),
  };
}

/** What is known after another sign-in of the same person: the newest of each kind. */
export function newest(one: SignIn, other: SignIn): SignIn {
  const at = latest(one.at, other.at);
  const mfaAt = latest(one.mfaAt, other.mfaAt);
  return { ...(at === undefined ? {} : { at }), ...(mfaAt === undefined ? {} : { mfaAt }) };
}

function latest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}

/** How somebody has to sign in: `within the last 15 minutes with a second factor`. */
export function describeWanted({ maxAgeSeconds, mfa }: Freshness): string {
  const recent = maxAgeSeconds === undefined ? [] : [`within the last ${inWords(maxAgeSeconds)}`];
  return [...recent, ...(mfa ? ["with a second factor"] : [])].join(" ");
}

/** A time that a person reads: `15 minutes`, `1 hour`. */
export function inWords(seconds: number): string {
  const [unit, size] = UNITS.find(([, each]) => seconds % each === 0) ?? ["second", 1];
  const count = seconds / size;
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

/** Permissions that were granted for a while only. */
export interface Limited {
  readonly names: readonly string[];
  /** Epoch seconds. */
  readonly until: number;
}

/** Of the granted permissions those that still are. */
export function stillGranted(
  granted: readonly string[],
  limited: Limited | undefined,
  now: number,
): readonly string[] {
  if (limited === undefined || now < limited.until) return granted;
  return granted.filter((name) => !limited.names.includes(name));
}
