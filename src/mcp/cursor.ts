/**
 * Pages of long lists (MCP, server/utilities/pagination). A list and a client's cursor go in, one
 * page and the next cursor come out. A cursor points into one version of the catalogue.
 */

export const PAGE_LENGTH = 100;

export interface Page<Item> {
  readonly items: Item[];
  readonly nextCursor?: string;
}

/**
 * The page a cursor names; the first without one. `undefined`: no cursor of ours, or of another
 * version.
 */
export function pageOf<Item>(
  items: readonly Item[],
  cursor: string | undefined,
  version: string,
): Page<Item> | undefined {
  const start = cursor === undefined ? 0 : startOf(cursor, version);
  if (start === undefined || (start > 0 && start >= items.length)) return undefined;
  const end = start + PAGE_LENGTH;
  return {
    items: items.slice(start, end),
    ...(end < items.length ? { nextCursor: `${version}.${end}` } : {}),
  };
}

function startOf(cursor: string, version: string): number | undefined {
  const [, of, at] = /^([\da-f]{8})\.([1-9]\d{0,6})$/.exec(cursor) ?? [];
  const start = Number(at);
  return of === version && start % PAGE_LENGTH === 0 ? start : undefined;
}
