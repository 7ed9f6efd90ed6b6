/**
 * The REST protocol on a port of this machine: HTTP requests in, answers out. It listens on
 * loopback unless told otherwise, and logs nothing.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Engine } from "./engine.ts";
import { createRestApi, jsonAnswer, MAX_BODY_BYTES, type RestApi } from "./rest.ts";

export interface UpstashServer {
  readonly url: string;
  /** Stops listening and cuts every connection. */
  close(): Promise<void>;
}

interface Address {
  /** 0 chooses a free one. */
  readonly port: number;
  readonly host?: string;
}

/** Serves an engine to whoever knows the token. Rejects when the port is taken. */
export function startUpstash(
  options: Address & { readonly engine: Engine; readonly token: string },
): Promise<UpstashServer> {
  return serveRest(createRestApi(options), options);
}

/**
 * Serves a REST API, for instance one with faults in front of it. Rejects when the port is taken.
 */
export async function serveRest(
  api: RestApi,
  { port, host = "127.0.0.1" }: Address,
): Promise<UpstashServer> {
  const server = createServer((request, response) => {
    respond(api, request, response).catch(() => response.destroy());
  });
  // A client that reuses an idle connection must not find us closing it.
  server.keepAliveTimeout = 0;
  const boundPort = await listen(server, port, host);
  return { url: `http://${host}:${boundPort}`, close: () => close(server) };
}

async function respond(api: RestApi, request: IncomingMessage, response: ServerResponse) {
  const answer = await askApi(api, {
    method: request.method ?? "GET",
    path: new URL(request.url ?? "/", "http://localhost").pathname,
    headers: request.headers,
    body: await readBody(request),
  });
  if (answer === undefined) response.destroy();
  else response.writeHead(answer.status, answer.headers).end(answer.body);
}

/** An engine that cannot be reached is a fault of the server, and says nothing of the command. */
async function askApi(api: RestApi, request: Parameters<RestApi>[0]): ReturnType<RestApi> {
  try {
    return await api(request);
  } catch {
    return jsonAnswer(500, { error: "ERR internal error" });
  }
}

/** Reads to the end in any case, so that the client hears why a large body was refused. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    sizeBytes += chunk.length;
    if (sizeBytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return sizeBytes <= MAX_BODY_BYTES ? Buffer.concat(chunks).toString("utf8") : undefined;
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
