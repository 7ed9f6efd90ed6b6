/**
 * Which resource a client means (RFC 8707): the one of an organization, by its own address; for the
 * rest we have one, and whatever names this server means it. What a client sent goes in, what we take
 * it for comes out. Pure.
 */
import type { AuthRequest } from "@cloudflare/workers-oauth-provider";
import type { Config } from "../config.ts";
import { Refusal } from "../errors.ts";
import { organizationAt, organizationsOf } from "../organizations.ts";
import { isLoopbackUrl } from "../variables.ts";

/** The paths under which clients know the common resource: its own, the origin alone, its old address. */
const OUR_PATHS: ReadonlySet<string> = new Set(["", "/mcp", "/sse"]);

/**
 * The parameters with our canonical resource in place of every spelling of it. What names anything
 * else stays as it is, for the library to refuse; what is empty is absent.
 */
export function withOurResource(parameters: URLSearchParams, config: Config): URLSearchParams {
  const asked = [...new Set(parameters.getAll("resource"))].filter((text) => text !== "");
  const meant = new Set(asked.map((text) => resourceNamed(text, config)));
  const [only] = meant;
  const means = meant.size === 1 && only !== undefined ? [only] : asked;
  const straight = new URLSearchParams(parameters);
  straight.delete("resource");
  if (asked.length > 0) for (const text of means) straight.append("resource", text);
  return straight;
}

/** The resource of a request that the library has validated; clients that name none get `/mcp`. */
export function resourceOf({ resource }: AuthRequest, config: Config): string {
  return typeof resource === "string" ? resource : config.resource;
}

/** Refuses with `resource_unknown` a token request for anything but this one (RFC 8707 §2). */
export function assertResource(form: URLSearchParams, resource: string): void {
  if (form.getAll("resource").some((asked) => asked !== resource))
    throw new Refusal("resource_unknown");
}

/** The resource of an organization, and the organization as Auth0 was asked for it. */
export interface Where {
  readonly resource: string;
  readonly organization: string;
}

/**
 * Where a person who comes back has signed in; nothing for `/mcp`. Refuses with `organization_off`
 * when the organization was taken away, or is another one now.
 */
export function whereFrom(
  asked: AuthRequest,
  { organization }: Partial<Where>,
  config: Config,
): Partial<Where> {
  const there = organizationAt(resourceOf(asked, config), config);
  if (there === undefined && organization === undefined) return {};
  if (there === undefined || organization !== there.organization)
    throw new Refusal("organization_off");
  return { resource: there.resource, organization };
}

/**
 * Which resource of ours a text names: our host, in whatever scheme and spelling, and one of the
 * paths above or an organization's, with or without slashes and a query. A fragment is never allowed
 * (RFC 8707 §2); on loopback every name of this machine is ours.
 */
export function resourceNamed(text: string, config: Config): string | undefined {
  const { issuer, isLoopback } = config;
  if (/[#\\\s]/.test(text)) return undefined;
  const ours = new URL(issuer);
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `${ours.protocol}//${text}`);
  if (url === null || url.username !== "" || url.password !== "") return undefined;
  const isOurHost = isLoopback
    ? isLoopbackUrl(url) && url.port === ours.port
    : url.host === ours.host;
  const path = url.pathname.replace(/\/{2,}/g, "/").replace(/\/$/, "");
  if (!isOurHost) return undefined;
  if (OUR_PATHS.has(path)) return config.resource;
  return organizationsOf(config).find((organization) => organization.path === path)?.resource;
}
