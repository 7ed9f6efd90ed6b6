/** JSON that somebody else wrote: a text goes in, a value to be parsed by its schema comes out. */

/** The value; undefined when the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
