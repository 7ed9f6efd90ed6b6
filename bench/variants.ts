/**
 * Everything that is measured against each other, running: a bundler and a ground go in; one
 * process for each variant, with the tokens that it accepts, comes out.
 */
import { json, meetStranger, type Tokens } from "../test/support/stranger.ts";
import type { createBundler } from "./bundle.ts";
import { type Ground, ISSUER, reachIssuerAt } from "./ground.ts";
import { startWorkerd, type Variant, type Workerd } from "./workerd.ts";

export type Bundler = Awaited<ReturnType<typeof createBundler>>;

/** The variants by name; the number is how many tools they have. */
const NAMES = [
  "bare",
  "sdk2-3",
  "sdk2-10",
  "sdk2-50",
  "sdk1-10",
  "provider-10",
  "ours-3",
  "ours-10",
  "ours-50",
  "ours-10-checking",
] as const;

export type VariantName = (typeof NAMES)[number];

/** How a variant is started: also alone, for a fresh isolate. */
export async function describeVariant(
  name: VariantName,
  { bundle }: Bundler,
  { variables }: Ground,
): Promise<Variant> {
  const [kind = "", tools = "0", isChecking] = name.split("-");
  const { file } = await bundle(`bench/variants/${kind}.ts`);
  const TOOLS = { TOOLS: tools };
  switch (kind) {
    case "ours": {
      const every = isChecking === undefined ? {} : { REVOCATION_CHECK_SECONDS: "0" };
      return { file, variables: { ...variables, ...TOOLS, ...every } };
    }
    case "provider": {
      const keyValues = (await bundle("bench/variants/kv.ts")).file;
      return { file, variables: { ISSUER, ...TOOLS }, keyValues };
    }
    default:
      return { file, variables: TOOLS };
  }
}

export interface Running {
  readonly workers: Readonly<Record<VariantName, Workerd>>;
  /** Of a person at ours, who holds what the tools need. */
  readonly tokens: Tokens;
  /** Of a person at the provider library's. */
  readonly providerToken: string;
  stop(): Promise<void>;
}

/** Starts one of each and signs in at those that ask for it. */
export async function startVariants(bundler: Bundler, ground: Ground): Promise<Running> {
  const started: [VariantName, Workerd][] = [];
  for (const name of NAMES)
    started.push([name, await startWorkerd(await describeVariant(name, bundler, ground))]);
  const workers = Object.fromEntries(started) as Record<VariantName, Workerd>;
  reachIssuerAt(workers["provider-10"].port);
  const providerToken = await signInAtProvider();
  const tokens = await signInAt(workers["ours-10"]);
  const stop = async () => void (await Promise.all(started.map(([, worker]) => worker.stop())));
  return { workers, tokens, providerToken, stop };
}

/** Signs a person in who holds what the tools of ours need. */
export async function signInAt({ port }: Workerd): Promise<Tokens> {
  reachIssuerAt(port);
  const client = await meetStranger(`${ISSUER}/mcp`);
  return client.signIn("ada");
}

async function signInAtProvider(): Promise<string> {
  const client = await meetStranger(`${ISSUER}/mcp`);
  const attempt = client.begin({ scope: "bench" });
  const back = await fetch(attempt.url, { redirect: "manual" });
  const callback = new URL(back.headers.get("location") ?? "");
  const tokens = await json<Tokens>(await client.exchange(attempt, callback), 200);
  return tokens.access_token;
}
