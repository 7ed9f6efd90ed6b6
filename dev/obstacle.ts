/**
 * What stops a developer command and can be put right by whoever ran it. Its words go to the terminal as they are;
 * anything else that is thrown is a bug and keeps its stack.
 */
export class Obstacle extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Obstacle";
  }
}

/** What the terminal shows of anything thrown. */
export function explain(thrown: unknown): string {
  if (thrown instanceof Obstacle) return thrown.message;
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
