/**
 * Names of variables that are almost ours. A name that is set and the names we know go in; the one
 * that was meant comes out. A setting under a misspelt name would be passed over in silence, and
 * with `AUTH0_ORGANISATION` everybody would be let in.
 */

/** Misspelt by so many letters at most. */
const MOST_EDITS = 2;

/** What people append to a name that we spell without. */
const ENDINGS = /_(ID|IDS|NAME|URL|URI|HOST|S)$/;

/** What people call our variables elsewhere: Auth0's own SDKs, Upstash's snippets. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["AUTH0_ISSUER", "AUTH0_DOMAIN"],
  ["AUTH0_ISSUER_BASE_URL", "AUTH0_DOMAIN"],
  ["AUTH0_BASE_URL", "RESOURCE_BASE_URL"],
  ["AUTH0_SECRET", "AUTH0_CLIENT_SECRET"],
  ["UPSTASH_REDIS_URL", "UPSTASH_REDIS_REST_URL"],
  ["UPSTASH_REDIS_TOKEN", "UPSTASH_REDIS_REST_TOKEN"],
]);

/** The name of ours that `name` was meant to be; none when it is ours, or nobody's. */
export function findMeantName(name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return undefined;
  const plain = name.toUpperCase().replaceAll("-", "_");
  return (
    known.find((candidate) => candidate === plain) ??
    ALIASES.get(plain) ??
    known.find((candidate) => isAbbreviated(plain, candidate)) ??
    known.find((candidate) => candidate.length > 6 && countEdits(plain, candidate) <= MOST_EDITS)
  );
}

/** `AUTH0_ORG`, `AUTH0_ORG_ID`, `AUTH0_ORGANIZATION_ID` for `AUTH0_ORGANIZATION`. */
function isAbbreviated(name: string, candidate: string): boolean {
  const words = name.replace(ENDINGS, "").split("_");
  const meant = candidate.split("_");
  return (
    words.length === meant.length &&
    words.every((word, index) => word.length >= 3 && meant[index]?.startsWith(word))
  );
}

/** Levenshtein's distance: letters inserted, left out or exchanged. */
function countEdits(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [rowIndex, letter] of Array.from(one).entries()) {
    const next = [rowIndex + 1];
    for (const [index, otherLetter] of Array.from(other).entries()) {
      const exchanged = (row[index] ?? 0) + (letter === otherLetter ? 0 : 1);
      next.push(Math.min(exchanged, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
