/**
 * What a client says of itself, by registration (RFC 7591) or by a document at its own address. The
 * JSON goes in; what we make of it comes out, narrowed to what this server can do, or the member
 * that is wrong. Pure.
 */
import * as z from "zod";
import type { Flaw } from "../flaw.ts";
import { judgeRedirectUri } from "./redirect-uri.ts";

const MOST_REDIRECT_URIS = 20;
const LONGEST_NAME_CHARACTERS = 200;
const LONGEST_URI_CHARACTERS = 2000;
const LONGEST_SCOPE_CHARACTERS = 8192;

/** All of it together: what is stored for a stranger, for a day. */
const LONGEST_REGISTRATION_CHARACTERS = 16 * 1024;

/** Every client gets refresh tokens, so every client is registered for them. */
const GRANT_TYPES = ["authorization_code", "refresh_token"];

/** A client that registers itself has a secret of ours, or none. */
const METHODS = ["client_secret_basic", "client_secret_post", "none"];

const text = z.string().max(LONGEST_NAME_CHARACTERS);

const texts = z.array(text).max(MOST_REDIRECT_URIS);

/**
 * Larger than any honest client's, or links that are no web addresses (RFC 7591 §5), is refused. A
 * member that is not here is dropped (§2): the provider library knows more, and would keep it.
 */
const metadataSchema = z.object({
  client_name: z.string().max(LONGEST_NAME_CHARACTERS).optional(),
  redirect_uris: z.array(z.string().max(LONGEST_URI_CHARACTERS)).max(MOST_REDIRECT_URIS),
  grant_types: texts.optional(),
  response_types: texts.optional(),
  token_endpoint_auth_method: text.optional(),
  token_endpoint_auth_methods_supported: texts.optional(),
  scope: z.string().max(LONGEST_SCOPE_CHARACTERS).optional(),
  contacts: texts.optional(),
  application_type: text.optional(),
  software_id: text.optional(),
  software_version: text.optional(),
  ...Object.fromEntries(
    ["client_uri", "logo_uri", "policy_uri", "tos_uri", "jwks_uri"].map((name) => [
      name,
      z
        .url({ protocol: /^https?$/ })
        .max(LONGEST_URI_CHARACTERS)
        .optional(),
    ]),
  ),
});

/** What is stored of it, all together, is bounded too. */
const boundedSchema = metadataSchema.refine(
  (metadata) => JSON.stringify(metadata).length <= LONGEST_REGISTRATION_CHARACTERS,
  { path: ["metadata"] },
);

/** A registration as we accept it. */
export interface Registration {
  /** Narrowed: these are the values that are registered (RFC 7591 §3.2.1). */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A registration that we refuse, with its error code (RFC 7591 §3.2.2). */
export interface RefusedRegistration {
  readonly code: "invalid_redirect_uri" | "invalid_client_metadata";
  readonly flaw: Flaw;
}

/** What the operator decides about registrations. */
export interface RegistrationPolicy {
  /** Private redirect URIs beside those of known clients. */
  readonly allowedRedirectUris: readonly string[];
  /** Every scope that exists here. */
  readonly scopes: readonly string[];
}

/**
 * Reads a registration. What is null or empty is absent; what we do not know is ignored; of grant
 * types, response types, scopes and redirect URIs those stay that can be used here. Refuses what
 * nothing usable is left of.
 */
export function readRegistration(
  sent: Readonly<Record<string, unknown>>,
  policy: RegistrationPolicy,
): Registration | RefusedRegistration {
  const read = boundedSchema.safeParse({ redirect_uris: [], ...withoutEmpty(sent) });
  if (!read.success) {
    const member = String(read.error.issues[0]?.path[0] ?? "metadata");
    return refuseMember(member, "is not acceptable");
  }
  const { scope, redirect_uris, ...metadata } = read.data;
  const redirects = narrowRedirects(redirect_uris, policy.allowedRedirectUris);
  if ("code" in redirects) return redirects;
  const method = chooseMethod(metadata);
  if (method === undefined) return refuseMember("token_endpoint_auth_method", sayMethods(metadata));
  if (metadata.grant_types?.includes("authorization_code") === false)
    return refuseMember("grant_types", "must have authorization_code");
  if (metadata.response_types?.includes("code") === false)
    return refuseMember("response_types", "must have code");
  const scopes = (scope ?? "").split(" ").filter((name) => policy.scopes.includes(name));
  return {
    metadata: {
      ...metadata,
      redirect_uris: redirects,
      token_endpoint_auth_method: method,
      grant_types: GRANT_TYPES,
      response_types: ["code"],
      ...(scopes.length === 0 ? {} : { scope: scopes.join(" ") }),
    },
  };
}

/** Metadata without the members that say nothing: null, an empty text, an empty list. */
export function withoutEmpty(sent: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(sent).filter(
      ([, value]) =>
        value !== undefined &&
        value !== null &&
        value !== "" &&
        !(Array.isArray(value) && value.length === 0),
    ),
  );
}

/**
 * A client's document (OAuth Client ID Metadata Document) by the same rule: what is null or empty is
 * absent. What is no JSON object stays as it is, to be refused.
 */
export function straightenDocument(text: string): string {
  const sent = readObject(text);
  return sent === undefined ? text : JSON.stringify(withoutEmpty(sent));
}

/** What the provider library reads of a document. */
const LONGEST_DOCUMENT_CHARACTERS = 5 * 1024;

const urisSchema = z.array(z.string()).min(1);

/**
 * What is wrong with a document that was read and does not pass, in words for its maker; undefined
 * when that is not among the mistakes people make. No verdict: the provider library has judged.
 */
export function explainDocument(text: string, address: string): Flaw | undefined {
  const { client_id, client_name, redirect_uris, ...document } = readObject(text) ?? {};
  const method = String(document["token_endpoint_auth_method"]);
  const uris = urisSchema.safeParse(redirect_uris).data;
  const wrong: readonly (readonly [boolean, string, string])[] = [
    [text.length > LONGEST_DOCUMENT_CHARACTERS, "document", "is larger than 5 KB"],
    [client_id !== address, "client_id", "is not the address of the document"],
    [typeof client_name !== "string", "client_name", "is missing, or no text"],
    [uris === undefined, "redirect_uris", "is missing, or no list of texts"],
    ...(uris ?? []).map((uri) => {
      const { verdict, problem = "" } = judgeRedirectUri(uri, []);
      return [verdict === "forbidden", "redirect_uris", problem] as const;
    }),
    ["client_secret" in document, "client_secret", "must not be in a document"],
    [method.includes("secret"), "token_endpoint_auth_method", "must be none or private_key_jwt"],
  ];
  const [, parameter, problem] = wrong.find(([isWrong]) => isWrong) ?? [];
  return parameter === undefined || problem === undefined ? undefined : { parameter, problem };
}

/** A JSON object that somebody sent; undefined when it is none. */
export function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const sent: unknown = JSON.parse(text);
    const isObject = typeof sent === "object" && sent !== null && !Array.isArray(sent);
    return isObject ? { ...sent } : undefined;
  } catch {
    return undefined;
  }
}

/** The redirect URIs that can be used; a client that has none learns it now, not at authorization. */
function narrowRedirects(
  uris: readonly string[],
  allowed: readonly string[],
): readonly string[] | RefusedRegistration {
  const judged = uris.map((uri) => ({ uri, ...judgeRedirectUri(uri, allowed) }));
  const usable = judged.filter(({ verdict }) => verdict === "usable");
  const [worst = { problem: "is missing", variable: undefined }] = [
    ...judged.filter(({ verdict }) => verdict === "forbidden"),
    ...(usable.length === 0 ? judged : []),
  ];
  if (usable.length > 0 && !judged.some(({ verdict }) => verdict === "forbidden"))
    return usable.map(({ uri }) => uri);
  const { problem = "cannot be used", variable } = worst;
  const flaw = { parameter: "redirect_uris", problem, ...(variable && { variable }) };
  return { code: "invalid_redirect_uri", flaw };
}

/** A key of its own is bound to an address that others can read, or to what the operator wrote. */
function sayMethods({
  token_endpoint_auth_method: method,
}: Partial<z.output<typeof metadataSchema>>): string {
  const those = `must be one of ${METHODS.join(", ")}`;
  return method === "private_key_jwt"
    ? `${those}; a client with a key is known by its metadata document, or added by the operator`
    : those;
}

/** RFC 7591 §2: without a word it is client_secret_basic. */
function chooseMethod({
  token_endpoint_auth_method: preferred,
  token_endpoint_auth_methods_supported: supported = [],
}: Partial<z.output<typeof metadataSchema>>): string | undefined {
  if (preferred === undefined && supported.length === 0) return METHODS[0];
  return [preferred, ...supported].find((method) => method && METHODS.includes(method));
}

function refuseMember(parameter: string, problem: string): RefusedRegistration {
  return { code: "invalid_client_metadata", flaw: { parameter, problem } };
}
