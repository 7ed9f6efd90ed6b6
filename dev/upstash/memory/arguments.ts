/**
 * A command's arguments, read from left to right, and its options, read by a table. The engine has
 * checked their number against the command's arity before; whatever is still missing is a syntax
 * error.
 */
import { syntaxError } from "./errors.ts";

export interface Arguments {
  /** The next argument. */
  take(): string;
  /** Every argument that is left. */
  takeAll(): string[];
  /** How many are left. */
  count(): number;
}

/** Which options a command knows: how many values follow each, and which exclude one another. */
export type OptionTable = Readonly<
  Record<string, { readonly values: number; readonly group?: string }>
>;

/** An option as it was given: its name in capitals and the values that followed it. */
export interface Option {
  readonly name: string;
  readonly values: Arguments;
}

/** Makes a list of arguments readable. */
export function readArguments(list: readonly string[]): Arguments {
  let position = 0;
  return {
    take() {
      const argument = list[position++];
      if (argument === undefined) throw syntaxError();
      return argument;
    },
    takeAll() {
      const rest = list.slice(position);
      position = list.length;
      return rest;
    },
    count: () => list.length - position,
  };
}

/**
 * Reads every argument that is left as an option, by its group (or its name, when it has none). The
 * last of several equal options counts, two different ones of a group are a syntax error.
 */
export function parseOptions(args: Arguments, table: OptionTable): ReadonlyMap<string, Option> {
  const given = new Map<string, Option>();
  while (args.count() > 0) {
    const name = args.take().toUpperCase();
    const known = table[name];
    if (known === undefined) throw syntaxError();
    const group = known.group ?? name;
    if ((given.get(group)?.name ?? name) !== name) throw syntaxError();
    const values = Array.from({ length: known.values }, () => args.take());
    given.set(group, { name, values: readArguments(values) });
  }
  return given;
}

/** Reads every argument that is left as pairs; `undefined` when one has no partner. */
export function takePairs(args: Arguments): [string, string][] | undefined {
  if (args.count() === 0 || args.count() % 2 !== 0) return undefined;
  return Array.from({ length: args.count() / 2 }, () => [args.take(), args.take()]);
}
