/**
 * The parts that an operator's command works with: the same store, seal and provider as the
 * server's, made of the same variables. Nothing is asked of anybody yet.
 */
import { type AuthConfig, isConfig, loadConfig } from "../../src/config.ts";
import type { EndingParts } from "../../src/grants/ending.ts";
import { createIdentityProvider } from "../../src/identity/openid.ts";
import { createRedis } from "../../src/storage/redis.ts";
import { beginWork, type UnitOfWork } from "../../src/storage/unit-of-work.ts";
import { createVault, type Vault } from "../../src/storage/vault.ts";
import { Obstacle } from "../obstacle.ts";

export interface OperatorParts extends EndingParts {
  readonly auth: AuthConfig;
  readonly vault: Vault;
  readonly beginWork: () => UnitOfWork;
  /** Epoch seconds. */
  readonly now: () => number;
}

/** Puts them together, or says what is wrong with the variables. */
export function createOperatorParts(variables: Readonly<Record<string, string>>): OperatorParts {
  const base = variables["RESOURCE_BASE_URL"] ?? "http://localhost:8787";
  const config = loadConfig(variables, new URL(base));
  if (!isConfig(config))
    throw new Obstacle(
      config.map(({ variable, problem }) => `${variable} ${problem}`).join("\n"),
      "Give the variables as the Worker has them: --file .deploy.vars",
    );
  const { auth } = config;
  if (auth === undefined) throw new Obstacle("AUTH_ENABLED=false: nobody signs in there.");
  const now = (): number => Math.floor(Date.now() / 1000);
  const redis = createRedis(auth.store, fetch);
  const vault = createVault(auth.store, { redis, now, report: () => undefined });
  return {
    auth,
    vault,
    now,
    beginWork: () => beginWork(vault),
    identity: createIdentityProvider(auth.identity, { fetch, now }),
    // Running Workers learn of it by the feed of ended grants; here nobody calls.
    keeper: { tokenTtlSeconds: auth.accessTokenTtlSeconds, noteEnded: () => undefined },
  };
}
