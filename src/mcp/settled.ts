/**
 * A definition as the server uses it: what its author wrote of permissions goes in; their names, and
 * what they ask of the person's sign-in together, come out. Pure.
 */
import { type Freshness, strictest } from "../grants/freshness.ts";
import type { Permission } from "./definition.ts";

export type Settled<Definition extends { readonly permissions: readonly Permission[] }> = Omit<
  Definition,
  "permissions"
> & {
  readonly permissions: readonly string[];
  /** Absent: any sign-in will do. */
  readonly fresh?: Freshness;
};

/** A permission with what it asks. */
interface Need {
  readonly name: string;
  readonly fresh?: Freshness;
}

/** The definition with its permissions read. */
export function settle<Definition extends { readonly permissions: readonly Permission[] }>({
  permissions,
  ...rest
}: Definition): Settled<Definition> {
  const needs = readNeeds(permissions);
  const fresh = strictest(needs.flatMap((need) => need.fresh ?? []));
  return {
    ...rest,
    permissions: needs.map(({ name }) => name),
    ...(fresh === undefined ? {} : { fresh }),
  };
}

/** Each permission with what it asks; nothing where an author wrote none. */
export function readNeeds(permissions: readonly Permission[] | undefined): readonly Need[] {
  if (!Array.isArray(permissions)) return [];
  const entries: readonly Permission[] = permissions;
  return entries.map((entry) => {
    if (typeof entry === "string") return { name: entry };
    const { name, fresh = "", mfa = false } = entry;
    const maxAgeSeconds = secondsOf(fresh);
    if (maxAgeSeconds === undefined && !mfa) return { name };
    return { name, fresh: { mfa, ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }) } };
  });
}

/** What is asked by name of permission, the strictest where several ask. */
export function freshnessOf(needs: readonly Need[]): ReadonlyMap<string, Freshness> {
  const byName = Map.groupBy(needs, ({ name }) => name);
  return new Map(
    [...byName].flatMap(([name, all]) => {
      const fresh = strictest(all.flatMap((need) => need.fresh ?? []));
      return fresh === undefined ? [] : [[name, fresh] as const];
    }),
  );
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `15m` in seconds; undefined when it is no such time. */
export function secondsOf(duration: string): number | undefined {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(duration) ?? [];
  return count === undefined ? undefined : Number(count) * (SECONDS[unit] ?? 0);
}
