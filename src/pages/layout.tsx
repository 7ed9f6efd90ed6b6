/**
 * What all pages share: the document around the content, and the response around the document.
 * Content goes in, HTML without any script comes out.
 */
import type { Child } from "hono/jsx";
import type { JSX } from "hono/jsx/jsx-runtime";
import { Mark } from "./icon.tsx";
import type { Site } from "../site-definition.ts";
import { type Look, PLAIN_SITE } from "./look.ts";
import { STYLE } from "./style.ts";

const NOBODYS: Look = { site: PLAIN_SITE, style: STYLE, styleSource: "'none'" };

/**
 * Whose server the page belongs to that is being written: from the first tag to the last nothing is
 * awaited, so there is never another. (`createContext` would bring a whole DOM renderer along.)
 */
let lookOfPage = NOBODYS;

/**
 * Chrome applies `form-action` to every redirect that follows a form, and the consent form ends at
 * the client's own address; so that directive is left out, and what a form may send is judged when
 * it arrives.
 */
function contentSecurityPolicy({ styleSource }: Look, picture: string | undefined): string {
  const pictures = picture === undefined ? "'self'" : `'self' ${picture}`;
  return `default-src 'none'; style-src ${styleSource}; img-src ${pictures}; base-uri 'none'; frame-ancestors 'none'`;
}

/** The document. `wide` is for pages that are read rather than answered. */
export function Layout({
  title,
  wide,
  children,
}: {
  title: string;
  wide?: boolean;
  children: Child;
}) {
  const look = lookOfPage;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>
          {title} · {look.site.title}
        </title>
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <style dangerouslySetInnerHTML={{ __html: look.style }} />
      </head>
      <body>
        <div class={wide ? "column wide" : "column"}>
          <header class="brand">
            <Mark {...look.site} />
            <span>{look.site.title}</span>
          </header>
          {children}
          <SiteLinks {...look.site} />
        </div>
      </body>
    </html>
  );
}

const LINK_NAMES = { documentation: "Documentation", privacy: "Privacy", terms: "Terms" } as const;

/** Where people of this server read on, and whom they ask. */
function SiteLinks({ links = {}, contact }: Site) {
  const named = [
    ...Object.entries(links).map(([kind, href]) => ({ href, label: nameOfLink(kind) })),
    ...(contact === undefined ? [] : [{ href: addressOf(contact), label: "Contact" }]),
  ];
  if (named.length === 0) return null;
  return (
    <nav class="small quiet" aria-label="About this server">
      {named.map(({ href, label }, index) => (
        <>
          {index > 0 && " · "}
          <a href={href}>{label}</a>
        </>
      ))}
    </nav>
  );
}

function nameOfLink(kind: string): string {
  return new Map<string, string>(Object.entries(LINK_NAMES)).get(kind) ?? kind;
}

function addressOf(contact: string): string {
  return contact.startsWith("https:") ? contact : `mailto:${contact}`;
}

interface PageOptions {
  readonly status?: number;
  readonly headers?: HeadersInit;
  /** The one picture from elsewhere that the page may show: an https URL without spaces. */
  readonly picture?: string | undefined;
}

/**
 * The page as a response. `headers` (cookies, for instance) are kept; what makes it safe HTML is
 * ours.
 */
export function renderPage(page: JSX.Element, look: Look, options: PageOptions = {}): Response {
  const { status = 200 } = options;
  return new Response(renderHtml(page, look), { status, headers: pageHeaders(look, options) });
}

/** The page as a text, for one that everybody gets. */
export function renderHtml(page: JSX.Element, look: Look): string {
  lookOfPage = look;
  try {
    return `<!doctype html>${page.toString()}`;
  } finally {
    lookOfPage = NOBODYS;
  }
}

/** What such a text is sent with. */
export function pageHeaders(look: Look, options: Omit<PageOptions, "status">): Headers {
  const headers = new Headers(options.headers);
  headers.set("Content-Type", "text/html; charset=utf-8");
  headers.set("Content-Security-Policy", contentSecurityPolicy(look, options.picture));
  return headers;
}
