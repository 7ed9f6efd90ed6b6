/**
 * Places in the bundle, as places in the source. A text with a stack in it goes in; the same text
 * comes out with the files and lines that somebody wrote.
 */
import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, relative, resolve } from "node:path";

export interface StackMap {
  map(text: string): string;
}

/** Before there is a bundle. */
export const UNMAPPED: StackMap = { map: (text) => text };

/** `(file:///…/index.js:12:34)`, or `index.js:12:34` as the runtime says it. */
const PLACE = /(?:file:\/\/)?[^\s()]*?\bindex\.js:(\d+):(\d+)/g;

/** The map of one bundle; without one, texts stay as they are. */
export function createStackMap({
  sourceMapPath,
}: {
  readonly sourceMapPath: string | undefined;
}): StackMap {
  if (sourceMapPath === undefined) return UNMAPPED;
  const folder = dirname(resolve(sourceMapPath));
  let map: SourceMap | undefined;
  return {
    map(text) {
      if (!text.includes("index.js:")) return text;
      map ??= new SourceMap(JSON.parse(readFileSync(sourceMapPath, "utf8")));
      const known = map;
      return text.replace(PLACE, (place, line: string, column: string) => {
        const entry = known.findEntry(Number(line) - 1, Number(column) - 1);
        if (!("originalSource" in entry) || entry.originalSource === undefined) return place;
        const file = relative(process.cwd(), resolve(folder, entry.originalSource));
        return `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
      });
    },
  };
}
