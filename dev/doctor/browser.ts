/**
 * Somebody who signs in for the doctor: at the local tenant by itself, else in the browser of
 * whoever runs it. An address goes in; the address that the browser was sent back to comes out.
 */
import { createServer } from "node:http";
import { once } from "node:events";
import { Obstacle } from "../obstacle.ts";
import { type Account, signInUnattended } from "../smoke/browser.ts";
import { openBrowser } from "../try/browser.ts";
import { visit } from "../try/visitor.ts";

interface SignIn {
  readonly start: URL;
  readonly redirectUri: URL;
  /** Of the local tenant. */
  readonly person?: string;
  /** Signed in by a browser of its own. */
  readonly account?: Account;
}

const PATIENCE_MS = 5 * 60_000;

/** Signs in; refuses when nobody does so within five minutes. */
export async function signIn({ start, redirectUri, person, account }: SignIn): Promise<URL> {
  if (person !== undefined)
    return visit(start, { until: redirectUri, press: ["allow", person], isForeign: true });
  if (account !== undefined) return signInUnattended(start, redirectUri, account);
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<URL>();
  server.on("request", (request, response) => {
    const url = new URL(request.url ?? "/", redirectUri);
    response.writeHead(200, { "Content-Type": "text/plain", Connection: "close" });
    response.end("Done. Go back to the terminal; this page can be closed.\n");
    if (url.pathname === redirectUri.pathname) resolve(url);
  });
  const timer = setTimeout(() => reject(new Obstacle("Nobody has signed in.")), PATIENCE_MS);
  try {
    server.listen(Number(redirectUri.port || "80"), "127.0.0.1");
    await once(server, "listening");
    console.error(`Sign in with your browser. If it does not open, go to\n${start.href}\n`);
    openBrowser(start);
    return await promise;
  } finally {
    clearTimeout(timer);
    server.close();
    server.closeAllConnections();
  }
}
