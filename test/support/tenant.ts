/**
 * A browser as far as signing in at the local tenant needs one: it follows redirects, keeps cookies
 * by path, presses a button. An authorization URL goes in, the callback URL comes out, not yet
 * fetched.
 */
import type { PersonKey } from "../../dev/tenant/people.ts";

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/** The cookies of one browser, by name and path. */
export type CookieJar = Map<string, Cookie>;

/** Signs a person in, or denies. A second sign-in with the same jar is one in the same browser. */
export async function signIn(
  authorizationUrl: string | URL,
  choice: PersonKey | "deny",
  jar: CookieJar = new Map(),
): Promise<URL> {
  const page = await follow(authorizationUrl, jar);
  if (page.callback !== undefined) return page.callback;
  const submitted = await follow(page.url, jar, new URLSearchParams({ person: choice }));
  if (submitted.callback === undefined)
    throw new Error(`Signing in ended at ${submitted.url.pathname}.`);
  return submitted.callback;
}

/** The same request for a sign-in, for a refresh token too, whether or not it was asked for. */
export function askForRefreshToken(authorizationUrl: URL): URL {
  const url = new URL(authorizationUrl);
  url.searchParams.set("scope", `${url.searchParams.get("scope")} offline_access`);
  return url;
}

interface Stop {
  /** The last address at the tenant. */
  readonly url: URL;
  /** Where it sent the browser, when that is elsewhere. */
  readonly callback?: URL;
}

/** Goes where the redirects lead, as long as they stay at one origin. */
async function follow(start: string | URL, jar: CookieJar, form?: URLSearchParams): Promise<Stop> {
  const url = new URL(start);
  const response = await visit(url, jar, form);
  const location = response.headers.get("location");
  if (location === null) return { url };
  const target = new URL(location, url);
  return target.origin === url.origin ? follow(target, jar) : { url, callback: target };
}

/**
 * For a request whose body may go unread: the connection ends with it, and no later request finds it
 * closed.
 */
export const ON_ITS_OWN = { connection: "close" } as const;

/** One request with the cookies of the jar, which takes those of the answer. */
export async function visit(url: URL, jar: CookieJar, form?: URLSearchParams): Promise<Response> {
  const cookies = [...jar.values()].filter(({ path }) => url.pathname.startsWith(path));
  const response = await fetch(url, {
    ...(form === undefined ? {} : { method: "POST", body: form }),
    headers: {
      ...(form === undefined ? {} : ON_ITS_OWN),
      accept: "text/html",
      cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; "),
    },
    redirect: "manual",
  });
  for (const line of response.headers.getSetCookie()) keep(jar, line);
  return response;
}

function keep(jar: CookieJar, line: string): void {
  const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
  const path = /; *path=([^;]*)/i.exec(line)?.[1] ?? "/";
  if (value === "") jar.delete(`${name} ${path}`);
  else jar.set(`${name} ${path}`, { name, value, path });
}
