/**
 * What stands in `src/tools/`, read outside of a Worker. Nothing goes in; the names, words and
 * permissions of everything on offer come out, or nothing when it cannot be loaded. No tool runs.
 */
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import * as z from "zod";

/** A permission may also say how recent a sign-in it wants. */
const permission = z
  .union([z.string(), z.looseObject({ name: z.string() })])
  .transform((asked) => (typeof asked === "string" ? asked : asked.name));

const items = z
  .array(
    z.looseObject({
      name: z.string(),
      title: z.string().optional(),
      description: z.string().optional(),
      permissions: z.array(permission).default([]),
      annotations: z.record(z.string(), z.unknown()).optional(),
      icons: z.unknown().optional(),
    }),
  )
  .default([]);

/** Whatever it is, it may name permissions. */
const guardedSchema = z.array(
  z.looseObject({
    name: z.string().default(""),
    permissions: z.array(permission).default([]),
    needs: z.array(z.string()).default([]),
  }),
);

const offeringsSchema = z.looseObject({ tools: items, prompts: items, resources: items });

export type CatalogueTool = z.output<typeof items>[number];

interface Offered {
  readonly tools: readonly CatalogueTool[];
  readonly permissions: readonly string[];
  /** What of `env` something needs, and what needs it. */
  readonly needs: ReadonlyMap<string, string>;
}

/** The tools, and the permissions that anything requires; nothing when they cannot be loaded. */
export async function loadTools(): Promise<Offered | undefined> {
  try {
    return await readTools();
  } catch {
    return undefined;
  }
}

/** The same, for whoever can do nothing without them; an error says what is wrong. */
export async function readTools(): Promise<Offered> {
  const offered = offeringsSchema.parse(await load());
  const all = Object.values(offered).flatMap((list) => guardedSchema.safeParse(list).data ?? []);
  return {
    tools: offered.tools,
    permissions: [...new Set(all.flatMap(({ permissions }) => permissions))],
    needs: new Map(all.flatMap(({ name, needs }) => needs.map((need) => [need, name] as const))),
  };
}

/**
 * Bundled first: a tool may import what only the Workers runtime has, and files that only wrangler
 * takes for modules.
 */
async function load(): Promise<unknown> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "../../src/tools/index.ts")],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    jsx: "automatic",
    jsxImportSource: "hono/jsx",
    loader: { ".txt": "text", ".html": "text", ".md": "text", ".sql": "text", ".svg": "text" },
    plugins: [withoutRuntime],
    logLevel: "silent",
  });
  const source = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64");
  const loaded: { offerings?: unknown } = await import(`data:text/javascript;base64,${source}`);
  return loaded.offerings;
}

/** `cloudflare:…` modules with nothing in them. */
const withoutRuntime: Plugin = {
  name: "without-runtime",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: "runtime" }));
    onLoad({ filter: /./, namespace: "runtime" }, () => ({
      contents: "module.exports = { env: {} }",
    }));
  },
};
