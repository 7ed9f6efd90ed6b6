/**
 * What the terminal says once everything serves: what is where, and what to try. Settings go in, a
 * text comes out.
 */
import { relative } from "node:path";
import { styleText } from "node:util";
import type { Places, Settings } from "./settings.ts";

/** The text; `seconds` is how long it took to get there. */
export function announce(settings: Settings, places: Places, seconds: number): string {
  return `
${styleText("bold", "Ready")} in ${seconds.toFixed(1)} s

${partsOf(settings, places).map(showPart).join("\n")}

${notesOn(settings)
  .map((note) => `  ${styleText("dim", note)}`)
  .join("\n")}

${styleText("bold", "Try it")} in another terminal

${showSuggestions(suggestionsOf(settings))}

Ctrl-C ends all of it. The log of the Worker:
`;
}

type Part = readonly [name: string, url: string, remark: string];

function partsOf(settings: Settings, places: Places): readonly Part[] {
  const { issuer, resource, auth } = settings.config;
  const door: Part = ["Worker", issuer, "open it in a browser"];
  if (auth === undefined) return [door, ["MCP", resource, "open to everybody: AUTH_ENABLED=false"]];
  return [
    door,
    ["MCP", resource, "asks callers to sign in"],
    ["Auth0", auth.identity.issuer, settings.usesLocalTenant ? PEOPLE : "from AUTH0_DOMAIN"],
    [
      "Upstash",
      auth.store.url,
      settings.usesLocalStore ? whereKept(places) : "from UPSTASH_REDIS_REST_URL",
    ],
  ];
}

const PEOPLE = "local; Ada may do everything, Rob one thing, Eve nothing";

function whereKept({ data }: Places): string {
  return `local; kept in ${relative(process.cwd(), data)}, until --fresh`;
}

function showPart([name, url, remark]: Part): string {
  return `  ${name.padEnd(8)} ${styleText("cyan", url.padEnd(27))} ${styleText("dim", remark)}`;
}

/** What somebody may wonder about later. */
function notesOn({ ports, leftOut, variables }: Settings): readonly string[] {
  return [
    ...(variables["CLIENT_DOCUMENTS"] === "false"
      ? ["Offline: clients register here instead of showing a document (CLIENT_DOCUMENTS=false)."]
      : []),
    `A debugger attaches to port ${ports.inspector} (VS Code: “Attach to npm run dev”).`,
    ...(leftOut.length === 0
      ? []
      : [`Not used here, but by “npx wrangler dev”: ${leftOut.join(", ")}.`]),
  ];
}

type Suggestion = readonly [command: string, remark: string];

function suggestionsOf({ config, usesLocalTenant }: Settings): readonly Suggestion[] {
  const where = config.issuer === DEFAULT_ISSUER ? [] : ["--url", config.issuer];
  return [
    [tryCommand(where), "an MCP client: signs you in, calls a tool"],
    ...(usesLocalTenant
      ? [
          [tryCommand([...where, "--as", "ada"]), "the same without a browser"] as const,
          [tryCommand([...where, "--machine"]), "the same by a machine"] as const,
        ]
      : []),
    ["npx @modelcontextprotocol/inspector@2", "a page to look around with"],
    [`claude mcp add --transport http local ${config.resource}`, ""],
  ];
}

const DEFAULT_ISSUER = "http://localhost:8787";

function tryCommand(options: readonly string[]): string {
  return ["npm run try", ...(options.length === 0 ? [] : ["--", ...options])].join(" ");
}

const COMMAND_COLUMNS = 36;

/** One below the other; the last is the longest and has no remark. */
function showSuggestions(suggestions: readonly Suggestion[]): string {
  const lengths = suggestions.map(([command, remark]) => (remark === "" ? 0 : command.length));
  const columns = Math.max(COMMAND_COLUMNS, ...lengths);
  return suggestions
    .map(([command, remark]) =>
      `  ${command.padEnd(columns)} ${styleText("dim", remark)}`.trimEnd(),
    )
    .join("\n");
}
