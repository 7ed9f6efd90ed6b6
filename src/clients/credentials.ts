/**
 * Who presents a token request, in one spelling. A form and an `Authorization` header go in as
 * clients of the field write them; the same statement comes out as RFC 6749 §2.3.1 has it, or
 * nothing when it names two clients. No credential is judged here. Pure.
 */
import { Refusal } from "../errors.ts";
import { isSameText } from "../keys.ts";

/** What a client says of itself in a token request. */
export interface Presented {
  readonly form: URLSearchParams;
  readonly authorization: string | null;
}

/** What stands in a Basic header, in the order in which it is to be understood. */
interface Basic {
  readonly ids: readonly string[];
  readonly secrets: readonly string[];
}

/**
 * Straightens what is presented:
 * - an id in the form beside the same one in a Basic header only names the client (RFC 6749 §3.2.1);
 *   another one makes two clients of it, which gives undefined;
 * - an empty secret is none (§2.3.1): a Basic header without one names the client, and no more;
 * - a Basic header need not be form-encoded (§2.3.1 asks for it, many do not): what is as the
 *   operator wrote it is meant so. `secretOf` knows the secrets that need encoding.
 */
export function straightenCredentials(
  { form, authorization }: Presented,
  secretOf: (clientId: string) => string | undefined,
): Presented | undefined {
  const basic = readBasic(authorization);
  if (basic === undefined) return { form, authorization };
  const named = form.get("client_id");
  const clientId = named === null ? basic.ids[0] : basic.ids.find((id) => id === named);
  if (clientId === undefined) return undefined;
  const rest = new URLSearchParams(form);
  const known = secretOf(clientId) ?? "";
  const secret = basic.secrets.find((text) => isSameText(text, known)) ?? likely(basic.secrets);
  if (secret === "") {
    rest.set("client_id", clientId);
    return { form: rest, authorization: null };
  }
  rest.delete("client_id");
  return { form: rest, authorization: `Basic ${btoa(`${encode(clientId)}:${encode(secret)}`)}` };
}

/**
 * The secret that a straightened request shows, in its header or its form; empty when it shows none.
 * Refuses a request with more than one set of credentials (RFC 6749 §2.3).
 */
export function readSecret({ form, authorization }: Presented): string {
  const shown = [form.get("client_secret"), form.get("client_assertion"), authorization];
  if (shown.filter((each) => each !== null).length > 1) throw new Refusal("credentials_repeated");
  return readBasic(authorization)?.secrets[0] ?? form.get("client_secret") ?? "";
}

/** Whether a header carries credentials by HTTP Basic (RFC 7617), readable or not. */
export function isBasic(authorization: string | null): boolean {
  return /^Basic(?:[\t ]|$)/i.test(authorization ?? "");
}

function readBasic(authorization: string | null): Basic | undefined {
  const [, encoded] = /^Basic[\t ]+([\w+/-]+=*)[\t ]*$/i.exec(authorization ?? "") ?? [];
  const text = encoded === undefined ? undefined : decodeBase64(encoded);
  const colon = text === undefined ? -1 : colonOf(text);
  if (text === undefined || colon < 0) return undefined;
  return { ids: readings(text.slice(0, colon)), secrets: readings(text.slice(colon + 1)) };
}

/** An address of client metadata has colons of its own, and never a secret. */
function colonOf(text: string): number {
  return /^https?:\/\//i.test(text) ? text.lastIndexOf(":") : text.indexOf(":");
}

/** What stands in a header without a percent sign is as it is: a plus is one, and no space. */
function likely([decoded = "", plain = decoded]: readonly string[]): string {
  return plain.includes("%") ? decoded : plain;
}

/** A part of the header, form-decoded, and as it stands where that is another text. */
function readings(text: string): string[] {
  try {
    return [...new Set([decodeURIComponent(text.replaceAll("+", " ")), text])];
  } catch {
    return [text];
  }
}

function decodeBase64(encoded: string): string | undefined {
  try {
    const binary = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** RFC 6749 appendix B. */
function encode(text: string): string {
  return new URLSearchParams({ text }).toString().slice("text=".length);
}
