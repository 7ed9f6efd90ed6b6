/** Redis's glob patterns (`*`, `?`, `[a-z]`, `[^a]`, `\x`), as SCAN's MATCH takes them. */

const TOKENS =
  /\\(?<escaped>.)|(?<star>\*)|(?<any>\?)|\[(?<not>\^?)(?<set>(?:\\.|[^\\\]])*)\]?|(?<plain>.)/gsu;
const SET_MEMBERS = /\\(?<escaped>.)|(?<from>.)-(?<to>.)|(?<plain>.)/gsu;

/** Turns a glob into a regular expression that matches a whole key. */
export function globToRegExp(glob: string): RegExp {
  const body = [...glob.matchAll(TOKENS)].map(({ groups = {} }) => {
    const { escaped, star, any, not, set, plain } = groups;
    if (star !== undefined) return ".*";
    if (any !== undefined) return ".";
    if (set !== undefined) return `[${not ?? ""}${setOf(set)}]`;
    return literal(escaped ?? plain ?? "");
  });
  return new RegExp(`^${body.join("")}$`, "su");
}

function setOf(members: string): string {
  const parts = [...members.matchAll(SET_MEMBERS)].map(({ groups = {} }) => {
    const { escaped, from, to, plain } = groups;
    if (from !== undefined && to !== undefined) return [from, to].toSorted().map(literal).join("-");
    return literal(escaped ?? plain ?? "");
  });
  return parts.join("");
}

function literal(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
