/** How the memory engine describes the commands it knows. Types only. */
import type { Reply } from "../engine.ts";
import type { Arguments } from "./arguments.ts";
import type { Keyspace } from "./keyspace.ts";

export interface CommandDescription {
  /** As `COMMAND INFO` gives it: the name counts, a negative number means "at least". */
  readonly arity: number;
  readonly writes: boolean;
  /** Throws a `ReplyError` when the command fails. */
  readonly run: (keyspace: Keyspace, args: Arguments) => Reply;
}

/** Commands by their names in capitals. */
export type CommandTable = Readonly<Record<string, CommandDescription>>;
