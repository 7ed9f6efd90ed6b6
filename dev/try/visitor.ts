/**
 * Somebody without a browser who signs in at the local tenant: follows redirects, keeps cookies,
 * presses the button that was agreed on, and tells the tenant who it is. An address goes in; when it
 * returns, the last page is the one that was to be reached.
 */
import { isLoopbackUrl } from "../../src/variables.ts";
import { Obstacle } from "../obstacle.ts";
import { isLoginPath } from "../tenant/login-path.ts";

interface Page {
  readonly url: URL;
  readonly status: number;
  readonly html: string;
}

export interface Errand {
  /** Stops once it has been there. */
  readonly until: URL;
  /** The values of the buttons to press, whichever stands on the page. */
  readonly press: readonly string[];
  /** Who signs in at the local tenant, and what they hold from now on; its page is not read. */
  readonly signIn?: { readonly person: string; readonly holds?: readonly string[] | undefined };
  /** The goal is another's: its address is wanted, and nobody goes there. */
  readonly isForeign?: boolean;
}

/**
 * Cookies by host, path and name. Like a browser's they are shared by all ports of a host (RFC 6265
 * §8.5).
 */
type CookieJar = Map<string, Cookie>;

interface Cookie {
  readonly host: string;
  readonly path: string;
  readonly pair: string;
}

const MOST_PAGES = 5;
const MOST_REDIRECTS = 10;

/** Visits one page after the other; the address of the last one comes out. */
export async function visit(start: URL, errand: Errand): Promise<URL> {
  const jar: CookieJar = new Map();
  const open = (at: URL, form?: URLSearchParams) => openPage({ at, jar, errand, form });
  let page = await open(start);
  for (let seen = 1; !isAt(page, errand.until); seen += 1) {
    if (seen > MOST_PAGES) throw new Obstacle(`There is no end of pages at ${page.url.origin}.`);
    const { action, fields } = signInAt(page, errand) ?? fillIn(page, errand.press);
    page = await open(action, fields);
  }
  return page.url;
}

interface Form {
  readonly action: URL;
  readonly fields: URLSearchParams;
}

/** The local tenant is told by a form of two fields, at whatever page it shows. */
function signInAt({ url }: Page, { signIn }: Errand): Form | undefined {
  if (signIn === undefined || !isLoopbackUrl(url) || !isLoginPath(url.pathname)) return undefined;
  const { person, holds } = signIn;
  const fields = new URLSearchParams({ person, ...(holds && { holds: holds.join(" ") }) });
  return { action: url, fields };
}

function isAt({ url }: Page, goal: URL): boolean {
  return url.origin === goal.origin && url.pathname === goal.pathname;
}

interface Visit {
  readonly at: URL;
  readonly jar: CookieJar;
  readonly errand: Errand;
  readonly form: URLSearchParams | undefined;
}

/**
 * The page behind an address and its redirects; a form is posted once, as browsers do after a 302
 * or 303.
 */
async function openPage({ at, jar, errand, form }: Visit): Promise<Page> {
  let url = at;
  let response = await send(url, jar, form);
  for (let hops = 0; hops < MOST_REDIRECTS; hops += 1) {
    const location = response.headers.get("Location");
    if (location === null) return { url, status: response.status, html: await response.text() };
    url = new URL(location, url);
    const page = { url, status: response.status, html: "" };
    if (errand.isForeign === true && isAt(page, errand.until)) return page;
    response = await send(url, jar);
  }
  throw new Obstacle(`${url.origin} redirects for ever.`);
}

async function send(url: URL, jar: CookieJar, form?: URLSearchParams): Promise<Response> {
  const cookies = [...jar.values()].filter(
    ({ host, path }) => host === url.hostname && url.pathname.startsWith(path),
  );
  const response = await fetch(url, {
    ...(form === undefined ? {} : { method: "POST", body: form }),
    headers: { Accept: "text/html", Cookie: cookies.map(({ pair }) => pair).join("; ") },
    redirect: "manual",
  });
  for (const line of response.headers.getSetCookie()) keep(line, url.hostname, jar);
  return response;
}

function keep(line: string, host: string, jar: CookieJar): void {
  const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
  const path = attributes.find((part) => /^path=/i.test(part))?.slice(5) ?? "/";
  const isGone = pair.endsWith("=") || attributes.some((part) => /^max-age=0$/i.test(part));
  const key = [host, path, pair.slice(0, pair.indexOf("="))].join(" ");
  if (isGone) jar.delete(key);
  else jar.set(key, { host, path, pair });
}

/** The form with one of the buttons, as it would be sent by pressing it. */
function fillIn(page: Page, press: readonly string[]): Form {
  const forms = page.html.match(/<form\b.*?<\/form>/gs) ?? [];
  for (const form of forms) {
    const button = tags(form, "button").find((tag) => press.includes(tag["value"] ?? ""));
    if (button === undefined) continue;
    const inputs = tags(form, "input").filter(
      ({ type, checked }) => type === "hidden" || checked !== undefined,
    );
    const [{ action = "" } = {}] = tags(form, "form");
    const fields = [...inputs, button].map(({ name = "", value = "" }) => [name, value]);
    return { action: new URL(action, page.url), fields: new URLSearchParams(fields) };
  }
  throw new Obstacle(
    `The page at ${page.url.origin}${page.url.pathname} has no button “${press.join("” or “")}” (status ${page.status}${headingOf(page)}).`,
    "--as signs in at the local tenant of npm run dev only; leave it out to use your browser.",
  );
}

function headingOf({ html }: Page): string {
  const heading = /<h1[^>]*>(.*?)<\/h1>/s
    .exec(html)?.[1]
    ?.replace(/<[^>]*>/g, "")
    .trim();
  return heading ? `, “${decode(heading)}”` : "";
}

/** The attributes of every such tag. An attribute without a value is empty. */
function tags(html: string, name: string): Readonly<Record<string, string>>[] {
  const found = html.match(new RegExp(`<${name}\\b[^>]*>`, "g")) ?? [];
  return found.map((tag) =>
    Object.fromEntries(
      [...tag.matchAll(/\s([\w-]+)(?:="([^"]*)")?/g)].map(([, key = "", value = ""]) => [
        key,
        decode(value),
      ]),
    ),
  );
}

function decode(text: string): string {
  const characters: Readonly<Record<string, string>> = {
    lt: "<",
    gt: ">",
    quot: '"',
    "#39": "'",
    amp: "&",
  };
  return text.replace(/&([\w#]+);/g, (entity, name: string) => characters[name] ?? entity);
}
