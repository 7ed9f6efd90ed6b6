/**
 * The tools of `src/tools/`, as far as Node can load them. Nothing goes in; what the doctor needs to
 * know of each comes out, or nothing when they import what only the Workers runtime has.
 */
export interface CatalogueTool {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly permissions: readonly string[];
  readonly annotations?: Readonly<Record<string, unknown>> | undefined;
  readonly icons?: unknown;
}

/** The tools and the permissions that any of them requires. */
export async function loadTools(): Promise<
  { readonly tools: readonly CatalogueTool[]; readonly permissions: readonly string[] } | undefined
> {
  try {
    const { createCatalogue } = await import("../../src/mcp/catalogue.ts");
    const { offerings } = await import("../../src/tools/index.ts");
    const { tools, requiredPermissions } = createCatalogue(offerings);
    return {
      tools: [...tools.values()].map(({ item: { annotations, ...item } }) => ({
        ...item,
        annotations: { ...annotations },
      })),
      permissions: requiredPermissions,
    };
  } catch {
    return undefined;
  }
}
