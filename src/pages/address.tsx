/**
 * An address as a person should read it: the domain that somebody had to register stands out, so
 * that `claude.ai.evil.example` is seen for what it is. A URL or a host goes in, text comes out,
 * never a link.
 */
import { printable } from "./printable.ts";

const LONGEST_CHARACTERS = 400;

/** Under these names of two labels anybody can register a third. */
const SHARED_LABELS =
  /^(?:ac|co|com|edu|gob|gov|go|govt|gouv|ltd|me|mil|ne|net|nom|or|org|plc|sch)\.[a-z]{2}$/;

/** Hosts that give names to strangers: what stands out is the name that was given. */
const SHARED_HOSTS =
  /^(?:(?:github|gitlab|bitbucket)\.io|(?:workers|pages|r2|fly|deno)\.dev|vercel\.app|netlify\.app|web\.app|firebaseapp\.com|run\.app|a\.run\.app|hf\.space|modal\.run|val\.run|lovable\.app|azurecontainerapps\.io|amplifyapp\.com|on\.aws|herokuapp\.com|onrender\.com|azurewebsites\.net|azurestaticapps\.net|cloudfront\.net|amazonaws\.com|ngrok\.io|ngrok\.app|ngrok-free\.app|ngrok-free\.dev|ngrok\.dev|loca\.lt|trycloudflare\.com|replit\.app|repl\.co|glitch\.me|surge\.sh|railway\.app|supabase\.co|blogspot\.com|appspot\.com)$/;

/** What stands before the registered domain, and that domain, with its port. */
export interface SplitHost {
  readonly before: string;
  readonly domain: string;
}

/**
 * Splits a host name where its owner changes. Without the whole Public Suffix List: an ending that
 * is not known here may make too much stand out, never the wrong end. Pure.
 */
export function splitHost(host: string): SplitHost {
  const [name = ""] = host.split(/:\d+$/);
  if (/^[\d.]+$|[:[\]]/.test(name)) return { before: "", domain: host };
  const labels = name.replace(/\.$/, "").split(".");
  const shared = labels.findIndex((_, at) => isShared(labels.slice(at).join(".")));
  const start = Math.max(0, shared === -1 ? labels.length - 2 : shared - 1);
  const before = labels
    .slice(0, start)
    .map((label) => `${label}.`)
    .join("");
  return { before, domain: host.slice(before.length) };
}

/** A host with its registered domain standing out. */
export function Host({ host }: { host: string }) {
  const { before, domain } = splitHost(host);
  return (
    <bdi class="address">
      {printable(before, LONGEST_CHARACTERS)}
      <b>{printable(domain, LONGEST_CHARACTERS)}</b>
    </bdi>
  );
}

/** Where an answer goes: a website by its host; an application by its whole address. */
export function Destination({ redirectUri }: { redirectUri: string }) {
  const url = URL.parse(redirectUri);
  const isWeb = url !== null && /^https?:$/.test(url.protocol);
  return isWeb ? <Host host={url.hostname} /> : <Address url={redirectUri} />;
}

/** A whole URL, likewise; one without a host stands out as a whole. */
export function Address({ url }: { url: string }) {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.hostname === "" || !/^https?:$/.test(parsed.protocol))
    return (
      <bdi class="address">
        <b>{printable(url, LONGEST_CHARACTERS)}</b>
      </bdi>
    );
  const { before, domain } = splitHost(parsed.hostname);
  const port = parsed.port === "" ? "" : `:${parsed.port}`;
  const rest = `${port}${parsed.pathname}${parsed.search}`;
  return (
    <bdi class="address">
      {`${parsed.protocol}//${before}`}
      <b>{domain}</b>
      {printable(rest, LONGEST_CHARACTERS)}
    </bdi>
  );
}

function isShared(suffix: string): boolean {
  return SHARED_LABELS.test(suffix) || SHARED_HOSTS.test(suffix);
}
