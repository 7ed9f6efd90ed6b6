/** The checkboxes of a page, read from its HTML. */

/** A box to tick. */
export interface Box {
  /** `name=value`. */
  readonly field: string;
  readonly isTicked: boolean;
}

/** Every checkbox of a page. */
export function readBoxes(html: string): Box[] {
  return [...html.matchAll(/<input type="checkbox"[^>]*>/g)].map(([tag]) => {
    const [, name = ""] = /name="([^"]*)"/.exec(tag) ?? [];
    const [, value = ""] = /value="([^"]*)"/.exec(tag) ?? [];
    return { field: `${name}=${value}`, isTicked: / checked/.test(tag) };
  });
}
