/**
 * The steps of a trial, each printed with its time as it is done. Work goes in, its result comes
 * out. What is printed is what the caller describes, so it is the caller that keeps tokens out.
 */
import { styleText } from "node:util";

export interface Steps {
  /** Does the work of one step. A step that fails is printed by whoever catches. */
  run<Result>(
    name: string,
    work: () => Promise<Result>,
    describe: (result: Result) => string,
  ): Promise<Result>;
  /** `fetch`, watched: to be used by the work. */
  readonly fetch: typeof fetch;
  /** The step under way, or the last one; none before the first. */
  readonly current: Readonly<Step> | undefined;
  /** Milliseconds since the first step. */
  elapsedMs(): number;
}

export interface Step {
  readonly name: string;
  readonly startedAtMs: number;
  /** The last address that was asked, and the status of its answer. */
  url?: URL;
  status?: number;
}

/** No step has been done. */
export function createSteps(): Steps {
  const beganAtMs = performance.now();
  let current: Step | undefined;
  return {
    async run(name, work, describe) {
      const step: Step = {
        name,
        startedAtMs: performance.now(),
        ...(current?.url && { url: current.url }),
      };
      current = step;
      const result = await work();
      console.log(renderStep(step, describe(result)));
      return result;
    },
    async fetch(input, init) {
      const step = current;
      if (step !== undefined) step.url = new URL(input instanceof Request ? input.url : input);
      const response = await fetch(input, init);
      if (step !== undefined) step.status = response.status;
      return response;
    },
    get current() {
      return current;
    },
    elapsedMs: () => performance.now() - beganAtMs,
  };
}

/**
 * One line: the time the step took until now, its name, and what there is to say, maybe in a
 * server's words.
 */
export function renderStep({ name, startedAtMs }: Step, remark: string): string {
  const time = `${Math.round(performance.now() - startedAtMs)} ms`;
  return `${styleText("dim", time.padStart(8))}  ${name.padEnd(18)} ${printable(remark)}`;
}

/** A server's words without what could steer a terminal (ECMA-48 escape sequences); lines stay. */
export function printable(text: string): string {
  return text.replaceAll(/(?!\n)\p{Cc}/gu, "");
}
