/**
 * YOURS: what this server is called, says of itself and looks like. Data only; what each field
 * means and where it shows is said at its type. The frame never changes this file.
 */
import type { Site } from "./site-definition.ts";

export const site: Site = {
  name: "auth0-mcp-worker",
  title: "Auth0 MCP Worker",
  description: "Tools for AI applications, each guarded by the Auth0 permissions it names.",
  instructions: "The tools act for the signed-in person.",
  colour: "#0b5489",
  links: {},
  listsToolsPublicly: true,
};
