/**
 * What is wrong with a command line, in the parser's own words. What it threw goes in; an obstacle
 * with the usage comes out.
 */
import { Obstacle } from "./obstacle.ts";

/** The parser's first sentence says what is wrong; the others tell of positional arguments. */
export function optionObstacle(thrown: unknown, usage: string): Obstacle {
  const [problem = ""] = (thrown instanceof Error ? thrown.message : "").split(". ");
  return new Obstacle(`${problem.replace(/\.$/, "")}.`, usage);
}
