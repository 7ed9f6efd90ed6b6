/**
 * What stops a developer command and can be put right by whoever ran it. Its words go to the
 * terminal as they are; anything else that is thrown is a bug and keeps its stack.
 */
export class Obstacle extends Error {
  /** What to do about it, when the message does not say it already. */
  readonly advice: string | undefined;

  constructor(message: string, advice?: string) {
    super(message);
    this.name = "Obstacle";
    this.advice = advice;
  }
}
