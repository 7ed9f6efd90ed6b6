/**
 * `/health` and `/ready`: for whoever watches this server. The parts go in; which of them work
 * comes out, by name and reason code. `/health` touches nothing; `/ready` asks at most once in ten
 * seconds. Nothing secret is ever shown.
 */
import { type Reason, Refusal } from "./errors.ts";
import type { IdentityProvider } from "./identity/provider.ts";
import type { Vault } from "./storage/vault.ts";

export interface ReadinessParts {
  readonly identity: IdentityProvider;
  readonly vault: Vault;
  /** Epoch seconds. */
  readonly now: () => number;
}

type Finding = "ok" | Reason;

const FRESH_SECONDS = 10;

/** Whether this Worker runs at all. */
export function answerHealth(): Response {
  return Response.json({ status: "ok" });
}

/** Makes the answer to `/ready`: 200 when everything works, 503 when something does not. */
export function createReadiness(parts: ReadinessParts | undefined): () => Promise<Response> {
  let last: { readonly at: number; readonly checks: Readonly<Record<string, Finding>> } | undefined;
  return async () => {
    if (parts === undefined) return render({});
    if (last === undefined || parts.now() - last.at >= FRESH_SECONDS)
      last = { at: parts.now(), checks: await check(parts) };
    return render(last.checks);
  };
}

async function check({
  identity,
  vault,
}: ReadinessParts): Promise<Readonly<Record<string, Finding>>> {
  const [keys, store, provider] = await Promise.all([
    finding(async () => {
      const sealed = await vault.seal("ready", "ready");
      if ((await vault.open(sealed, "ready")) !== "ready") throw new Refusal("internal_error");
    }),
    finding(async () => {
      const probe = {
        key: await vault.keyOf("ready"),
        value: await vault.seal("ready", "ready"),
        ttlSeconds: 60,
      };
      await vault.redis.transact([{ do: "write", ...probe }], { repeatable: true });
    }),
    finding(() => identity.checkReachable()),
  ]);
  return { keys, store, identity: provider };
}

async function finding(run: () => Promise<void>): Promise<Finding> {
  try {
    await run();
    return "ok";
  } catch (error) {
    return error instanceof Refusal ? error.reason : "internal_error";
  }
}

function render(checks: Readonly<Record<string, Finding>>): Response {
  const isReady = Object.values(checks).every((found) => found === "ok");
  return Response.json(
    { status: isReady ? "ready" : "not ready", checks },
    { status: isReady ? 200 : 503 },
  );
}
