/**
 * Scopes in human words. Names of permissions, the list of tools and the sentences of their author
 * go in; what each permission means to a person comes out, by what can happen to their things.
 */
import { printable } from "./printable.ts";

/** A tool as pages show it. */
export interface ToolSummary {
  readonly title: string;
  readonly description: string;
  readonly permissions: readonly string[];
  /** Absent means the worst, as in MCP. */
  readonly annotations?:
    | { readonly readOnlyHint: boolean; readonly destructiveHint: boolean }
    | undefined;
}

/** What can happen, the mildest first. */
export type Effect = "reads" | "changes" | "deletes";

const EFFECTS = ["reads", "changes", "deletes"] as const;

/** One permission, as a person is asked about it. */
export interface PermissionFacts {
  readonly name: string;
  readonly sentence: string;
  readonly effect: Effect;
  readonly tools: readonly ToolSummary[];
}

/** What a permission lets a person do, in the words of who wrote the tools; by its name. */
export type Sentences = Readonly<Record<string, string>>;

/** What pages know of the tools. */
export interface Offered {
  readonly tools: readonly ToolSummary[];
  readonly sentences?: Sentences | undefined;
}

/** OpenID Connect Core 1.0 §5.4, without the addresses that we never ask for. */
const IDENTITY_SCOPES: ReadonlyMap<string, string> = new Map([
  ["openid", "your account's identifier"],
  ["profile", "your name and picture"],
  ["email", "your email address"],
]);

/** What a tool may do to the person's things (MCP 2026-07-28, tool annotations and their defaults). */
export function effectOf({ annotations }: Pick<ToolSummary, "annotations">): Effect {
  if (annotations?.readOnlyHint === true) return "reads";
  return annotations?.destructiveHint === false ? "changes" : "deletes";
}

/** Each permission with its sentence, the tools it opens and the worst that one of them may do. */
export function describePermissions(
  names: readonly string[],
  { tools: all, sentences = {} }: Offered,
): readonly PermissionFacts[] {
  return names.map((name) => {
    const tools = all.filter((tool) => tool.permissions.includes(name));
    const effects = tools.map(effectOf);
    return {
      name,
      sentence: Object.hasOwn(sentences, name)
        ? printable(sentences[name] ?? "", 200)
        : sentenceFor(name, tools),
      effect: EFFECTS.findLast((effect) => effects.includes(effect)) ?? "reads",
      tools,
    };
  });
}

/** The same, in groups by what can happen; an empty group is left out. */
export function groupByEffect<Facts extends Pick<PermissionFacts, "effect">>(
  permissions: readonly Facts[],
): readonly { readonly effect: Effect; readonly permissions: readonly Facts[] }[] {
  return EFFECTS.map((effect) => ({
    effect,
    permissions: permissions.filter((permission) => permission.effect === effect),
  })).filter((group) => group.permissions.length > 0);
}

/** What the scopes tell about the person, as a sentence; none when they tell nothing. */
export function describeIdentity(scopes: readonly string[]): string | undefined {
  const facts = scopes.flatMap((scope) => IDENTITY_SCOPES.get(scope) ?? []);
  return facts.length === 0 ? undefined : `${capitalized(listed(facts))}.`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** For a permission that nobody described; one that no tool needs is said by its name. */
function sentenceFor(name: string, tools: readonly ToolSummary[]): string {
  if (tools.length > 3) return `Use ${tools.length} tools`;
  return tools.length === 0
    ? `Hold the permission “${printable(name, 80)}”`
    : `Use ${listed(tools.map((tool) => `“${tool.title}”`))}`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
