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

/** Tools may share what they remember; one that is gone has left its name only. */
function titlesOf(stateName: string, { tools }: Pick<Parts, "tools">): readonly string[] {
  const sharing = tools.filter((tool) => (tool.stateName ?? tool.name) === stateName);
  return sharing.length === 0 ? [stateName] : sharing.map(({ title }) => title);
}
