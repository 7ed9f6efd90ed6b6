/**
 * The log of tools: a message and fields go in, one JSON line under the request's id comes out.
 * What looks like a token or is a secret of the environment is blanked out, wherever it stands.
 */
import type { Trace } from "./context.ts";
import type { Log } from "./tool-context.ts";

const BLANK = "[hidden]";
const LONGEST_TEXT_CHARACTERS = 2000;
const DEEPEST = 4;
const MOST_MEMBERS = 50;

/** A JWT or JWE, a bearer credential, a password in a URL. */
const CREDENTIAL =
  /eyJ[\w-]{6,}\.[\w-]+\.[\w-]*(?:\.[\w-]+)*|\bBearer\s+[\w.~+/=-]{8,}|(?<=:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/gi;

/** Names whose values are hidden, whatever they are. */
const HIDDEN_NAME = /token|secret|password|passwd|authorization|cookie|api[-_]?key|credential/i;

/** The log of one call. `secrets` may grow while it runs. */
export function createToolLog(tool: string, exchange: Trace, secrets: readonly string[]): Log {
  const write =
    (level: keyof Log) =>
    (message: string, fields: object = {}) =>
      console[level](
        JSON.stringify({
          level,
          requestId: exchange.requestId,
          tool,
          message: hideCredentials(message, secrets),
          ...asFields(fields, secrets),
        }),
      );
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

/** A text without what looks like a credential and without any of the secrets. */
export function hideCredentials(text: string, secrets: readonly string[]): string {
  const hidden = text.replaceAll(CREDENTIAL, BLANK);
  const clean = secrets.reduce((rest, secret) => rest.replaceAll(secret, BLANK), hidden);
  return clean.length > LONGEST_TEXT_CHARACTERS
    ? `${clean.slice(0, LONGEST_TEXT_CHARACTERS)}…`
    : clean;
}

/** The line's own fields are not overwritten: `message` becomes `message_`. */
function asFields(fields: object, secrets: readonly string[]): Record<string, unknown> {
  const own = ["level", "requestId", "tool", "message"];
  return Object.fromEntries(
    Object.entries(fields)
      .slice(0, MOST_MEMBERS)
      .map(([name, value]: [string, unknown]) => [
        own.includes(name) ? `${name}_` : name,
        HIDDEN_NAME.test(name) ? BLANK : loggable(value, secrets, DEEPEST),
      ]),
  );
}

function loggable(value: unknown, secrets: readonly string[], depth: number): unknown {
  if (typeof value === "string") return hideCredentials(value, secrets);
  if (value instanceof Error) return hideCredentials(`${value.name}: ${value.message}`, secrets);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return value;
  if (depth === 0) return "…";
  if (Array.isArray(value))
    return value.slice(0, MOST_MEMBERS).map((item) => loggable(item, secrets, depth - 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MOST_MEMBERS)
      .map(([name, member]: [string, unknown]) => [
        name,
        HIDDEN_NAME.test(name) ? BLANK : loggable(member, secrets, depth - 1),
      ]),
  );
}
