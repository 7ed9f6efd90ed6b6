/**
 * The organizations that this deployment serves, each at an address of its own: a protected resource
 * with its own metadata and its own tokens (docs/decisions/0012-organizations.md). The configuration
 * goes in, addresses come out. Pure.
 */
import type { Config } from "./config.ts";

/** One of them. */
export interface Organization {
  /** As it stands at the end of its address. */
  readonly name: string;
  /** As Auth0 knows it: its id (`org_…`) or its name. */
  readonly organization: string;
  /** `/mcp/o/{name}` */
  readonly path: string;
  /** The resource that its tokens are for. */
  readonly resource: string;
}

type Served = Pick<Config, "resource" | "auth">;

/** All of them; none unless they are configured. */
export function organizationsOf({ resource, auth }: Served): readonly Organization[] {
  const { organizations = [] } = auth?.identity ?? {};
  return organizations.map(({ name, organization }) => ({
    name,
    organization,
    path: `/mcp/o/${name}`,
    resource: `${resource}/o/${name}`,
  }));
}

/** Every protected resource of this server; the first is the one that clients get who name none. */
export function resourcesOf(config: Served): readonly [string, ...string[]] {
  return [config.resource, ...organizationsOf(config).map(({ resource }) => resource)];
}

/** The organization behind a resource; none behind `/mcp`. */
export function organizationAt(resource: string, config: Served): Organization | undefined {
  return organizationsOf(config).find((organization) => organization.resource === resource);
}

/** The name of the organization at the end of a resource, if it is one's. */
export function organizationIn(resource: string): string | undefined {
  return /\/mcp\/o\/([\w-]+)$/.exec(resource)?.[1];
}
