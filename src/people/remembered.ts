/**
 * What tools remember of the person, as their own page shows it: which tool, how many things, until
 * when; and erasing it. What was remembered is not read: it is between the person and the tool.
 */
import { createToolRecords } from "../grants/tool-records.ts";
import { forgetState, type StateEntry } from "../grants/tool-state.ts";
import type { Remembered } from "../pages/remembered.tsx";
import type { Parts } from "../parts.ts";

/** By tool, in the words of the page. Pure. */
export function describeRemembered(
  entries: readonly StateEntry[],
  parts: Pick<Parts, "tools" | "now">,
): readonly Remembered[] {
  const living = entries.filter(({ until }) => until > parts.now());
  return [...Map.groupBy(living, ({ tool }) => tool)].map(([tool, ofTool]) => ({
    tool,
    titles: titlesOf(tool, parts),
    count: ofTool.length,
    until: Math.max(...ofTool.map(({ until }) => until)),
  }));
}

/** Erases what one tool remembers; without its name, what any does. It holds from the next call on. */
export function eraseRemembered(
  parts: Parts,
  { userId, tool }: { readonly userId: string; readonly tool: string | undefined },
): Promise<void> {
  return forgetState(createToolRecords(parts.vault), userId, tool);
}

/**
 * Tools may share what they remember; one that is gone has left its name only. What is remembered of
 * somebody in an organization stands under its name, a space, and that of the tool.
 */
function titlesOf(kept: string, { tools }: Pick<Parts, "tools">): readonly string[] {
  const titled = (name: string) =>
    tools.filter((tool) => (tool.stateName ?? tool.name) === name).map(({ title }) => title);
  const [own, [, organization = "", name = ""]] = [titled(kept), /^(\S+) (.+)$/.exec(kept) ?? []];
  const itsOwn = titled(name).map((title) => `${title} (${organization})`);
  return [own, itsOwn, [kept]].find((titles) => titles.length > 0) ?? [];
}
