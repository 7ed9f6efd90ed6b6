/**
 * Scopes in human words. The scopes of a request and the list of tools go in; what they mean to a
 * person comes out, in the order in which a person wants to know it.
 */

import { printable } from "./printable.ts";

/** A tool as pages show it. */
export interface ToolSummary {
  readonly title: string;
  readonly description: string;
  readonly permissions: readonly string[];
}

/** One thing that is asked for. `scopes` are the names behind it; none when nobody has to ask. */
export interface Ask {
  readonly heading: string;
  readonly note?: string;
  readonly scopes: readonly string[];
  readonly tools: readonly ToolSummary[];
}

/** OpenID Connect Core 1.0 §5.4, without the addresses that we never ask for. */
const IDENTITY_SCOPES: ReadonlyMap<string, string> = new Map([
  ["openid", "your account's identifier"],
  ["profile", "your name and picture"],
  ["email", "your email address"],
]);

/** OpenID Connect Core 1.0 §11. */
const OFFLINE_SCOPE = "offline_access";

/**
 * What the scopes ask for: who you are, each permission with the tools behind it, and staying
 * connected.
 */
export function explainScopes(
  scopes: readonly string[],
  tools: readonly ToolSummary[],
): readonly Ask[] {
  const known = scopes.filter((scope) => IDENTITY_SCOPES.has(scope));
  const permissions = scopes.filter(
    (scope) => !IDENTITY_SCOPES.has(scope) && scope !== OFFLINE_SCOPE,
  );
  const open = tools.filter((tool) => tool.permissions.length === 0);
  return [
    ...(known.length > 0 ? [askForIdentity(known)] : []),
    ...permissions.map((permission) => askForPermission(permission, tools)),
    ...(open.length > 0
      ? [{ heading: "Use what is open to everyone", scopes: [], tools: open }]
      : []),
    ...(scopes.includes(OFFLINE_SCOPE) ? [ASK_TO_STAY] : []),
  ];
}

const ASK_TO_STAY: Ask = {
  heading: "Stay connected until you disconnect it",
  note: "It keeps its access while you are away. You can end this at any time.",
  scopes: [OFFLINE_SCOPE],
  tools: [],
};

function askForIdentity(scopes: readonly string[]): Ask {
  const facts = scopes.flatMap((scope) => IDENTITY_SCOPES.get(scope) ?? []);
  return { heading: "Know who you are", note: capitalized(`${listed(facts)}.`), scopes, tools: [] };
}

/** A permission that no tool needs may be any text that a client sent. */
function askForPermission(permission: string, all: readonly ToolSummary[]): Ask {
  const tools = all.filter((tool) => tool.permissions.includes(permission));
  const names =
    tools.length > 3 ? `${tools.length} tools` : listed(tools.map((tool) => `“${tool.title}”`));
  const heading =
    names === "" ? `Hold the permission “${printable(permission, 80)}”` : `Use ${names}`;
  return { heading, scopes: [permission], tools };
}

/** `a`, `a and b`, `a, b and c`. */
function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
