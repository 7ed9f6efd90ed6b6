/**
 * The redirect URI of `npm run try`: a loopback listener that lives for one answer (RFC 8252 §7.3).
 * What the browser brings comes out once its `state` is ours. Shows the browser nothing of it.
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { Obstacle } from "../obstacle.ts";

export interface Callback {
  readonly redirectUrl: URL;
  /** The parameters of the answer. Rejects when none comes in time. */
  readonly answer: Promise<URLSearchParams>;
  close(): void;
}

const PATIENCE_MS = 5 * 60_000;

/** Listens on a free port. Whoever brings another `state` is sent away (RFC 9700 §4.7.1). */
export async function listenForAnswer(state: string): Promise<Callback> {
  const { promise: answer, resolve, reject } = Promise.withResolvers<URLSearchParams>();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
    if (pathname !== "/callback" || searchParams.get("state") !== state)
      return show(response, 400, "This is not the answer that npm run try waits for.");
    show(response, 200, "Done. Go back to the terminal; this page can be closed.");
    resolve(searchParams);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const timer = setTimeout(
    () => reject(new Obstacle("Nobody has signed in for five minutes.", "Run it again.")),
    PATIENCE_MS,
  );
  answer.catch(() => {});
  return {
    redirectUrl: new URL(`http://127.0.0.1:${portOf(server.address())}/callback`),
    answer,
    close() {
      clearTimeout(timer);
      server.close();
      server.closeAllConnections();
    },
  };
}

function portOf(address: ReturnType<ReturnType<typeof createServer>["address"]>): number {
  if (typeof address === "object" && address !== null) return address.port;
  throw new Error("a TCP server has a port");
}

function show(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" });
  response.end(`${text}\n`);
}
