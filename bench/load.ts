/**
 * Load: one request, written out, goes in; it is sent again and again over a few connections that
 * stay open; how many were answered, and how fast, comes out. Every answer's status is checked.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Load {
  readonly port: number;
  readonly request: HttpRequest;
  /** What every answer must have. */
  readonly status: number;
  readonly connections: number;
  /** Ends after so long, or after so many requests. */
  readonly milliseconds?: number;
  readonly requests?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Of single requests, in milliseconds, in the order of their answers. */
  readonly latenciesMs: readonly number[];
}

const LONGEST_ANSWER_MS = 10_000;

/** Sends the load. Rejects when an answer has another status. */
export async function sendLoad(load: Load): Promise<LoadResult> {
  const bytes = Buffer.from(textOf(load.request));
  const begunAt = performance.now();
  const until = begunAt + (load.milliseconds ?? Number.POSITIVE_INFINITY);
  const latenciesMs: number[] = [];
  let left = load.requests ?? Number.POSITIVE_INFINITY;
  const mayGoOn = () => left-- > 0 && performance.now() < until;
  await Promise.all(
    Array.from({ length: load.connections }, async () => {
      const socket = await open(load.port);
      await repeat(socket, { bytes, status: load.status, mayGoOn, latenciesMs });
      socket.destroy();
    }),
  );
  const seconds = (performance.now() - begunAt) / 1000;
  return { requests: latenciesMs.length, seconds, latenciesMs };
}

function textOf({ method, path, headers, body = "" }: HttpRequest): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const length = method === "POST" ? [`content-length: ${Buffer.byteLength(body)}`] : [];
  return [`${method} ${path} HTTP/1.1`, ...lines, ...length, "", body].join("\r\n");
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1").setNoDelay();
  await once(socket, "connect");
  return socket;
}

interface Repetition {
  readonly bytes: Buffer;
  readonly status: number;
  mayGoOn(): boolean;
  readonly latenciesMs: number[];
}

/** One request after the other: no second one is under way, so an answer ends where the data ends. */
function repeat(
  socket: Socket,
  { bytes, status, mayGoOn, latenciesMs }: Repetition,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = "";
    let sentAt = 0;
    const send = () => {
      if (!mayGoOn()) return resolve();
      answer = "";
      sentAt = performance.now();
      socket.write(bytes);
    };
    socket.on("data", (chunk) => {
      answer = answer === "" ? chunk.toString("latin1") : answer + chunk.toString("latin1");
      if (!isWhole(answer)) return;
      if (!answer.startsWith(`HTTP/1.1 ${status} `))
        return reject(new Error(`expected ${status}, got ${answer}`));
      latenciesMs.push(performance.now() - sentAt);
      send();
    });
    socket.setTimeout(LONGEST_ANSWER_MS, () => reject(new Error("no answer")));
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the connection was closed")));
    send();
  });
}

/** Whether a response is complete (RFC 9112 §6.3): by its length, or by its last chunk. */
function isWhole(answer: string): boolean {
  const headEnd = answer.indexOf("\r\n\r\n");
  if (headEnd < 0) return false;
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(answer.slice(0, headEnd)) ?? [];
  return length === undefined
    ? answer.endsWith("\r\n0\r\n\r\n") || /^HTTP\/1\.1 (?:204|304)/.test(answer)
    : answer.length >= headEnd + 4 + Number(length);
}
