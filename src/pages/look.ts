/**
 * What every page shows of whose server this is. A site goes in; names, links and a style with the
 * site's colour come out, made once, with the hash by which the content security policy knows the
 * style.
 */
import type { Site } from "../site-definition.ts";
import { darkShades, lightShades, type Shades } from "./colour.ts";
import { STYLE } from "./style.ts";

export interface Look {
  readonly site: Site;
  readonly style: string;
  /** The source expression of `style-src` that allows exactly this style (CSP Level 3 §2.3.1). */
  readonly styleSource: string;
}

/** For a server that cannot say whose it is: its own site may be what is wrong. */
export const PLAIN_SITE: Site = {
  name: "mcp-server",
  title: "MCP server",
  description: "An MCP server.",
  colour: "#0b5489",
  listsToolsPublicly: false,
};

/** The look of a site. */
export async function createLook(site: Site): Promise<Look> {
  const style = `${propertiesOf(lightShades(site.colour))}
@media (prefers-color-scheme: dark) { ${propertiesOf(darkShades(site.colour))} }${STYLE}`;
  return { site, style, styleSource: `'sha256-${await sha256Base64(style)}'` };
}

function propertiesOf(shades: Shades): string {
  const properties = Object.entries(shades).map(([name, value]) => `--${name}: ${value};`);
  return `:root { ${properties.join(" ")} }`;
}

async function sha256Base64(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
