/**
 * Whether the ports are free, asked before anything starts. Port numbers and the variables that
 * move them go in; nothing comes out, or one line for each port that is taken.
 */
import { once } from "node:events";
import { createServer } from "node:net";
import { Obstacle } from "../obstacle.ts";

export interface Claim {
  readonly port: number;
  /** What chooses another one. */
  readonly variable: string;
}

/** Refuses when something listens on one of the ports. */
export async function assertPortsFree(claims: readonly Claim[]): Promise<void> {
  const taken = await Promise.all(claims.map(async ({ port }) => !(await isFree(port))));
  const problems = claims
    .filter((_, index) => taken[index])
    .map(
      ({ port, variable }) =>
        `Port ${port} is in use. Stop what listens there, or choose another port with ${variable}.`,
    );
  if (problems.length > 0) throw new Obstacle(problems.join("\n"));
}

/** The port, or another one when something listens on it. */
export async function orAnyPort(port: number): Promise<number> {
  if (await isFree(port)) return port;
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : port;
}

/** On every address, and on loopback alone: some systems let those two be shared. */
async function isFree(port: number): Promise<boolean> {
  return (await canListen(port)) && (await canListen(port, "127.0.0.1"));
}

async function canListen(port: number, host?: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, ...(host === undefined ? {} : { host }) });
    await once(server, "listening");
    server.close();
    await once(server, "close");
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "EADDRINUSE");
  }
}
