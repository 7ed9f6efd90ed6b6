/**
 * The parts that the routes are made of: what signs people in, remembers, and keeps grants. Types
 * only; assembly.ts puts them together.
 */
import type { JWK } from "jose";
import type { Documents } from "./clients/documents.ts";
import type { AuthConfig, Config } from "./config.ts";
import type { Exchange } from "./exchange.ts";
import type { SigningKeys } from "./grants/access-token.ts";
import type { Freshness } from "./grants/freshness.ts";
import type { PermissionIndex } from "./grants/permission-index.ts";
import type { ChangingTool } from "./grants/frozen.ts";
import type { GrantKeeper } from "./grants/keeper.ts";
import type { Enterprises } from "./identity/enterprise.ts";
import type { IdentityProvider } from "./identity/provider.ts";
import type { PublishedDocument } from "./identity/published-document.ts";
import type { Look } from "./pages/look.ts";
import type { UnitOfWork } from "./storage/unit-of-work.ts";
import type { Vault } from "./storage/vault.ts";
import type { Switches } from "./switches.ts";

/** A tool as the consent page names it. */
export interface OfferedTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly permissions: readonly string[];
  /** Under which name it remembers things, when that is not its own. */
  readonly stateName?: string;
  readonly annotations?: { readonly readOnlyHint: boolean; readonly destructiveHint: boolean };
}

export interface Parts {
  readonly config: Config & { readonly auth: AuthConfig };
  readonly identity: IdentityProvider;
  /** What machines publish of their keys, by their ids. */
  readonly publishedKeys: ReadonlyMap<string, PublishedDocument<readonly JWK[]>>;
  /** Companies that vouch for their people. */
  readonly enterprises: Enterprises;
  readonly keeper: GrantKeeper;
  readonly vault: Vault;
  /** What is off until further notice. */
  readonly switches: Switches;
  /** What clients publish about themselves. */
  readonly documents: Documents;
  readonly beginWork: () => UnitOfWork;
  readonly signingKeys: SigningKeys;
  /** For the cookie of a person who is signed in at our own pages. */
  readonly personKeys: SigningKeys;
  /** For what refresh tokens say of themselves. */
  readonly hintKeys: SigningKeys;
  /** For the fingerprints of machines' credentials. */
  readonly machineKeys: SigningKeys;
  readonly tools: readonly OfferedTool[];
  /** What a permission lets a person do, in the words of who wrote the tools; by its name. */
  readonly sentences: Readonly<Record<string, string>>;
  /** What every page shows of whose server this is. */
  readonly look: Look;
  /** The tools that do more than read: what is allowed of them does not grow by itself. */
  readonly changing: readonly ChangingTool[];
  /** Every permission that some tool, prompt or resource asks for. */
  readonly permissions: readonly string[];
  /** What some of them ask of the sign-in, by name. */
  readonly freshness: ReadonlyMap<string, Freshness>;
  /** The same, for access tokens. */
  readonly permissionIndex: PermissionIndex;
  /** Epoch seconds. */
  readonly now: () => number;
}

/** What stands behind an address. */
export type Answer = (request: Request, exchange: Exchange, parts: Parts) => Promise<Response>;
