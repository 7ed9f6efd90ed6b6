/**
 * The tools of `src/tools/`, as far as Node can load them. Nothing goes in; what the doctor needs to
 * know of each comes out, or nothing when they import what only the Workers runtime has.
 */
import * as z from "zod";

const toolSchema = z.object({
  name: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  permissions: z.array(z.string()),
  annotations: z.record(z.string(), z.unknown()).optional(),
  icons: z.unknown(),
});

export type CatalogueTool = z.output<typeof toolSchema>;

const catalogueSchema = z.object({
  tools: z.map(z.string(), z.object({ item: toolSchema })),
  requiredPermissions: z.array(z.string()),
});

/** The tools and the permissions that any of them requires. */
export async function loadTools(): Promise<
  { readonly tools: readonly CatalogueTool[]; readonly permissions: readonly string[] } | undefined
> {
  try {
    const { createCatalogue } = await load("mcp/catalogue.ts");
    const { offerings } = await load("tools/index.ts");
    const { tools, requiredPermissions } = catalogueSchema.parse(await createCatalogue(offerings));
    return {
      tools: [...tools.values()].map(({ item }) => item),
      permissions: requiredPermissions,
    };
  } catch {
    return undefined;
  }
}

/** By an address that the compiler does not follow: those files are the Worker's, not Node's. */
function load(path: string) {
  return import(new URL(`../../src/${path}`, import.meta.url).href);
}
