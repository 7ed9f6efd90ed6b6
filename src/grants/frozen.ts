/**
 * What does not grow by itself: tools that change something, and came after the person said yes, ask
 * again. What was there then and what there is now go in, the names of those that must ask come out.
 * Pure.
 */
import type { GrantRecord } from "./record.ts";

/** A tool that does more than read. */
export interface ChangingTool {
  readonly name: string;
  readonly permissions: readonly string[];
}

/** Those of the tools that the granted permissions would open, and that nobody has seen. */
export function withheldTools(
  { changing }: Pick<GrantRecord, "changing">,
  granted: readonly string[],
  tools: readonly ChangingTool[],
): readonly ChangingTool[] {
  if (changing === undefined) return [];
  const seen = new Set(changing);
  const has = new Set(granted);
  return tools.filter(
    ({ name, permissions }) =>
      !seen.has(name) && permissions.length > 0 && permissions.every((each) => has.has(each)),
  );
}
