/**
 * What may stand before a Worker: a proxy at an address of its own, which hands requests on as they
 * are until a test says what it does to them. An address of a Worker goes in.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { once } from "node:events";

export interface Passing {
  readonly method: string;
  readonly path: string;
  /** Path and query. */
  readonly target: string;
  /** Of the request; what is taken away does not arrive. */
  readonly headers: IncomingHttpHeaders;
}

export interface Returning {
  status: number;
  headers: Record<string, string | readonly string[] | undefined>;
  body: string;
}

/** What it does: answers itself, or changes what the Worker answers. */
export interface Habit {
  readonly answer?: (passing: Passing) => Partial<Returning> | undefined;
  /** Another Worker than the usual one, for some requests. */
  readonly leadTo?: (passing: Passing) => string | undefined;
  readonly change?: (returning: Returning, passing: Passing) => void;
}

export interface Intermediary {
  does(habit: Habit): void;
  close(): void;
}

/** Listens on that port, and hands everything to the Worker at `worker()`. */
export async function stand(port: number, worker: () => string): Promise<Intermediary> {
  let habit: Habit = {};
  const server = createServer((incoming, outgoing) => {
    void pass(incoming, habit, worker).then(({ status, headers, body }) => {
      const set = Object.entries(headers).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, typeof value === "string" ? value : [...value]]],
      );
      outgoing.writeHead(status, Object.fromEntries(set)).end(body);
    });
  }).listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    does: (next) => void (habit = next),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function pass(
  incoming: IncomingMessage,
  { answer, leadTo, change }: Habit,
  worker: () => string,
): Promise<Returning> {
  const body = await read(incoming);
  const target = incoming.url ?? "/";
  const { pathname } = new URL(target, "http://localhost");
  const { method = "GET", headers } = incoming;
  const passing = { method, path: pathname, target, headers: { ...headers } };
  const own = answer?.(passing);
  if (own !== undefined) return { status: 200, headers: {}, body: "", ...own };
  const returning = await ask(leadTo?.(passing) ?? worker(), passing, body);
  change?.(returning, passing);
  return returning;
}

/** As it came, its host included. */
async function ask(worker: string, passing: Passing, body: string): Promise<Returning> {
  const { "accept-encoding": _, "content-length": __, ...headers } = passing.headers;
  const { port } = new URL(worker);
  const length = body === "" ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const asked = request({
    host: "127.0.0.1",
    port,
    method: passing.method,
    path: passing.target,
    headers: { ...headers, ...length },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    asked.once("response", resolve).once("error", reject);
  });
  asked.end(body);
  const response = await answered;
  const { "content-length": ___, "transfer-encoding": ____, ...kept } = response.headers;
  return { status: response.statusCode ?? 0, headers: kept, body: await read(response) };
}

async function read(message: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of message) parts.push(part);
  return Buffer.concat(parts).toString();
}
