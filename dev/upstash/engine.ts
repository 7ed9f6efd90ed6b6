/**
 * What stands behind the REST protocol: something that runs Redis commands. Types only; one engine
 * keeps its data in memory, the other asks a real redis-server.
 */

/** A command's name and its arguments, as text. */
export type Command = readonly [name: string, ...args: string[]];

/** What Redis answers when all is well; a status such as OK is a string like any other. */
export type Reply = string | number | null | readonly Reply[];

/** What Redis answers when a command fails. It may quote the command: it is not for a log. */
export interface Failure {
  readonly error: string;
}

/** One command's answer, in the shape in which Upstash sends it. */
export type Outcome = { readonly result: Reply } | Failure;

export interface Engine {
  /** Runs one command. Rejects only when the engine itself cannot be reached. */
  run(command: Command): Promise<Outcome>;
  /**
   * Runs all commands with nothing in between. A `Failure` means that none ran, because Redis does
   * not know one of them; a command that fails on its own stops no other.
   */
  transact(commands: readonly Command[]): Promise<readonly Outcome[] | Failure>;
}
