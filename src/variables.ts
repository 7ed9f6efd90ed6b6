/**
 * How single variables are written. A text of the environment goes in, its value comes out, or what
 * is wrong with it in our own words. A value is never repeated.
 */
import * as z from "zod";
import { judgeRedirectUri } from "./clients/redirect-uri.ts";

const LOOPBACK_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether a URL names this machine. */
export function isLoopbackUrl(url: URL): boolean {
  return LOOPBACK_HOSTS.has(url.hostname) || url.hostname.endsWith(".localhost");
}

export const present = z.string({ error: "is missing" }).trim().min(1, "is missing");

/** 32 bytes as base64, base64url or hexadecimal text. */
const key = z.string().transform((text, context): Uint8Array<ArrayBuffer> => {
  const bytes = decodeKey(text.trim());
  if (bytes?.length === 32) return bytes;
  context.addIssue("must be 32 random bytes in base64 (make one with: openssl rand -base64 32)");
  return z.NEVER;
});

/** A private RSA key in PKCS#8, as PEM or only its base64; a variable has its line breaks as `\\n`. */
export const privateKey = z.string().transform((text, context): Uint8Array<ArrayBuffer> => {
  const body = text.replace(/-----[^-]*-----/g, "").replace(/\\n|\s/g, "");
  const bytes = decodeKey(body);
  // A SEQUENCE (X.690 §8.9) of the size that 2048 bits have at least.
  if (bytes?.[0] === 0x30 && bytes.length > 1000 && !/RSA PRIVATE|ENCRYPTED/.test(text))
    return bytes;
  context.addIssue("must be an RSA key of 2048 bits in PKCS#8 (openssl genpkey -algorithm RSA)");
  return z.NEVER;
});

/** A comma-separated list of keys: the first is used, all are accepted. */
export const keyRing = present.transform((text) => text.split(",")).pipe(z.tuple([key], key));

export const seconds = (fallback: number, least: number, most: number) =>
  z.coerce
    .number({ error: "must be a whole number of seconds" })
    .int("must be a whole number of seconds")
    .min(least, `must be at least ${least}`)
    .max(most, `must be at most ${most}`)
    .default(fallback);

/** A part of a whole, all of it by default. */
export const share = z.coerce
  .number({ error: "must be a number from 0 to 1" })
  .min(0, "must be a number from 0 to 1")
  .max(1, "must be a number from 0 to 1")
  .default(1);

/** An origin: https, or http on a loopback host; no path, query or user. */
export const origin = present.transform((text, context): URL => {
  const url = URL.parse(text.trim());
  if (url === null || !/^https?:$/.test(url.protocol))
    context.addIssue("must be a URL like https://mcp.example.com");
  else if (
    url.pathname !== "/" ||
    url.search !== "" ||
    url.hash !== "" ||
    url.username !== "" ||
    url.password !== ""
  )
    context.addIssue("must be an origin: no path, query, fragment or user");
  else if (url.protocol === "http:" && !isLoopbackUrl(url))
    context.addIssue("must be https (http is for loopback hosts only)");
  else return url;
  return z.NEVER;
});

/** `my-app.us.auth0.com`, or an origin; a loopback host may go without TLS. */
export const auth0Domain = present
  .transform((text) => (text.includes("://") ? text : withScheme(text)))
  .pipe(origin)
  .transform((url) => `${url.origin}/`);

/** An issuer to the letter: https, or http on a loopback host; it may have a path, no query. */
export const issuerUrl = present.refine((text) => {
  const url = URL.parse(text);
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopbackUrl(url));
  return url !== null && isSafe && !/[?#@]/.test(text);
}, "must be an https URL, exactly as the provider's metadata has its issuer");

export const storeUrl = origin.transform((url) => url.origin);

/** Words with commas or spaces between. */
export const words = z
  .string()
  .default("")
  .transform((text) => text.split(/[\s,]+/).filter(Boolean));

export const switchOf = (fallback: boolean) =>
  z
    .string()
    .trim()
    .toLowerCase()
    .default(String(fallback))
    .pipe(z.enum(["true", "1", "false", "0"], { error: "must be true or false" }))
    .transform((text) => text === "true" || text === "1");

const preregisteredClient = z
  .strictObject({
    client_id: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[\w.-]+$/),
    client_name: z.string().min(1).max(200),
    redirect_uris: z.array(z.string().refine(isAddress)).min(1),
    token_endpoint_auth_method: z
      .enum(["none", "client_secret_basic", "client_secret_post"])
      .default("none"),
    client_secret: z.string().min(16).optional(),
  })
  .refine(
    (client) =>
      (client.token_endpoint_auth_method === "none") === (client.client_secret === undefined),
  );

/** A public key, and nothing of its private half. */
export const publicKey = z
  .looseObject({ kty: z.enum(["RSA", "EC"]) })
  .refine((key) => !["d", "k", "p", "q"].some((member) => member in key), "must be a public key");

/** A machine with a key of its own: what it may do is written here, Auth0 knows nothing of it. */
const keyedMachine = z
  .strictObject({
    client_id: preregisteredClient.shape.client_id,
    client_name: preregisteredClient.shape.client_name,
    grant_types: z.tuple([z.literal("client_credentials")]),
    token_endpoint_auth_method: z.literal("private_key_jwt").default("private_key_jwt"),
    /** Its public keys, or where it publishes them. */
    jwks: z.strictObject({ keys: z.array(publicKey).min(1).max(10) }).exactOptional(),
    jwks_uri: issuerUrl.exactOptional(),
    permissions: z.array(z.string().min(1)),
  })
  .refine(({ jwks, jwks_uri: uri }) => (jwks === undefined) !== (uri === undefined));

export type KeyedMachine = Readonly<z.output<typeof keyedMachine>>;

/** A JSON array of things that are called so. */
export function jsonArray<Item extends z.ZodType>(item: Item, things: string) {
  return z
    .string()
    .default("[]")
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue(`must be a JSON array of ${things}`);
        return z.NEVER;
      }
    })
    .pipe(z.array(item, { error: `must be a JSON array of ${things}` }));
}

export const preregisteredClients = jsonArray(
  z.union([preregisteredClient, keyedMachine]),
  "clients",
);

/** `acme, globex=org_9ybsU1dN2dKfDkBi`: each by its name at Auth0, or by a name and its id there. */
export const organizations = words.pipe(
  z
    .array(
      z
        .string()
        .regex(/^[\w-]{1,64}(?:=[\w-]{1,64})?$/, "must be names or name=org_…, separated by commas")
        .transform((text) => {
          const [name = "", organization = name] = text.split("=");
          return { name, organization };
        }),
    )
    .refine(
      (all) => new Set(all.map(({ name }) => name)).size === all.length,
      "must name each organization once",
    ),
);

/** Origins of websites, separated by commas or spaces. Absent means no list. */
export const origins = z
  .string()
  .transform((text) => splitList(text))
  .pipe(
    z.array(
      z
        .string()
        .refine((text) => isOrigin(text), "must be origins like https://chat.example")
        .transform((text) => text.toLowerCase()),
    ),
  )
  .optional();

/** Hosts with their ports, separated by commas or spaces. */
export const hosts = z
  .string()
  .default("")
  .transform((text) => splitList(text))
  .pipe(z.array(z.string().regex(/^[\w.-]+(?::\d{1,5})?$/, "must be hosts like localhost:9443")));

/** Redirect URIs in private schemes, separated by commas or spaces. */
export const privateRedirectUris = z
  .string()
  .default("")
  .transform((text) => splitList(text))
  .pipe(
    z.array(
      z
        .string()
        .refine(
          (text) => isAddress(text) && !/^https?:/i.test(text),
          "must be redirect URIs in private schemes, like my-app://oauth/callback",
        ),
    ),
  );

export const optionalText = z
  .string()
  .trim()
  .transform((text) => text || undefined)
  .optional();

function splitList(text: string): string[] {
  return text.split(/[\s,]+/).filter((part) => part !== "");
}

/** scheme://host[:port], of the web or of a browser's extension. */
function isOrigin(text: string): boolean {
  return /^[a-z][\w+.-]*:\/\/[\w.:[\]-]+$/i.test(text);
}

/** Some client's own address: https, loopback or a private scheme, without user or fragment. */
function isAddress(uri: string): boolean {
  const { verdict, variable } = judgeRedirectUri(uri, []);
  return verdict === "usable" || variable !== undefined;
}

/** A bare host gets the scheme that its name calls for. */
function withScheme(host: string): string {
  const url = URL.parse(`http://${host}`);
  return url !== null && isLoopbackUrl(url) ? url.href : `https://${host}`;
}

function decodeKey(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (/^[0-9a-f]{64}$/i.test(text))
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) =>
      char.charCodeAt(0),
    );
  } catch {
    return undefined;
  }
}

/** Whether two key rings have a key in common. */
export function sharesAKey(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  const keys = new Set(one.map((bytes) => bytes.join()));
  return other.some((bytes) => keys.has(bytes.join()));
}
