/**
 * What commands have in common in reading their options: words go in as they were typed, and come
 * out as the parser takes them; what it threw goes in, and an obstacle with the usage comes out.
 */
import { Obstacle } from "./obstacle.ts";

/** The parser's first sentence says what is wrong; the others tell of positional arguments. */
export function optionObstacle(thrown: unknown, usage: string): Obstacle {
  const [problem = ""] = (thrown instanceof Error ? thrown.message : "").split(". ");
  return new Obstacle(`${problem.replace(/\.$/, "")}.`, usage);
}

/** The options of a command line, as `parseArgs` takes them. */
type Options = Readonly<Record<string, { readonly type: "string" | "boolean" }>>;

/** One in sixty-four ids begins with a dash: behind an option that takes a value it is that value. */
export function joinValues(words: readonly string[], options: Options): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const before = joined.at(-1) ?? "";
    const takesValue = before.startsWith("--") && options[before.slice(2)]?.type === "string";
    if (takesValue && !Object.hasOwn(options, word.slice(2)))
      joined[joined.length - 1] += `=${word}`;
    else joined.push(word);
  }
  return joined;
}
