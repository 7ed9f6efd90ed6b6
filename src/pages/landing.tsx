/**
 * The front door for people, and the same facts as Markdown for their agents. The issuer and the
 * tools go in; what this is, how to add it and what it can do come out.
 */
import { securedHeaders } from "../edge/headers.ts";
import { Layout, pageHeaders, renderHtml } from "./layout.tsx";
import type { Look } from "./look.ts";
import { EFFECT_NAMES } from "./permission-choice.tsx";
import { effectOf, type ToolSummary } from "./scope.ts";

/** A page stays under 30 KB. */
const MOST_TOOLS_SHOWN = 40;

/** One way of adding this server to an application. */
export interface Installation {
  readonly application: string;
  readonly how: string;
  readonly command?: string;
  readonly link?: { readonly href: string; readonly label: string };
}

interface LandingFacts {
  readonly issuer: string;
  /** What is added to an application: `{issuer}/mcp`, or an organization's. */
  readonly address: string;
  readonly look: Look;
  /** Most common first. */
  readonly installations: readonly Installation[];
  /** None when the site does not list them publicly. */
  readonly tools: readonly ToolSummary[];
  /**
   * False when `AUTH_ENABLED=false`: then there is nothing to sign in to and no connection to show.
   */
  readonly requiresSignIn: boolean;
}

/** Answers in the form that an `Accept` header asks for; people's browsers get HTML. */
type Landing = (accept: string | null, status?: number) => Response;

/** The landing page. It is the same for everybody, so it is rendered here and now. */
export function createLanding(facts: LandingFacts): Landing {
  const { look } = facts;
  const html = new TextEncoder().encode(renderHtml(<LandingPage {...facts} />, look));
  const markdown = landingMarkdown(facts);
  const varies = { Vary: "Accept" };
  const ofMarkdown = securedHeaders({ ...varies, "Content-Type": "text/markdown; charset=utf-8" });
  const ofHtml = securedHeaders(pageHeaders(look, { headers: varies }));
  return (accept, status = 200) =>
    accept !== null && /\btext\/markdown\b/i.test(accept)
      ? new Response(markdown, { headers: ofMarkdown })
      : new Response(html, { status, headers: ofHtml });
}

/** The front door as HTML. */
export function LandingPage(facts: LandingFacts) {
  const { issuer, address, installations, tools, requiresSignIn, look } = facts;
  return (
    <Layout title={new URL(issuer).host} wide>
      <main class="sheet">
        <h1>{look.site.title}</h1>
        <p>{look.site.description}</p>
        <pre class="mcp-address">
          <code>{address}</code>
        </pre>
        <p class="quiet">{explanation(requiresSignIn)}</p>
        <section>
          <h2>Add it to your application</h2>
          <ul class="cards">
            {installations.map((installation) => (
              <InstallationCard {...installation} />
            ))}
          </ul>
        </section>
        {tools.length > 0 && (
          <section>
            <h2>
              What it can do <span class="count">{tools.length}</span>
            </h2>
            <ul class="rows">
              {tools.slice(0, MOST_TOOLS_SHOWN).map((tool) => (
                <ToolRow {...tool} />
              ))}
            </ul>
            {tools.length > MOST_TOOLS_SHOWN && (
              <p>
                And {tools.length - MOST_TOOLS_SHOWN} more, <a href="/llms.txt">all in one list</a>.
              </p>
            )}
          </section>
        )}
      </main>
      <Links requiresSignIn={requiresSignIn} />
    </Layout>
  );
}

function Links({ requiresSignIn }: { requiresSignIn: boolean }) {
  return (
    <footer>
      <ul class="links">
        {requiresSignIn && (
          <>
            <li>
              <a href="/connections">Your connections</a>
            </li>
            <li>
              <a href="/permissions">What you may do</a>
            </li>
          </>
        )}
        <li>
          <a href="/llms.txt">This page for agents</a>
        </li>
      </ul>
    </footer>
  );
}

/** The same facts as Markdown, for `Accept: text/markdown` and `/llms.txt`. */
export function landingMarkdown({
  issuer,
  address,
  look,
  installations,
  tools,
  requiresSignIn,
}: LandingFacts): string {
  const { site } = look;
  const parts = [
    `# ${site.title}`,
    site.description,
    explanation(requiresSignIn),
    `Address: \`${address}\` (Streamable HTTP)`,
    "## Add it to your application",
    ...installations.map(installationMarkdown),
    ...(tools.length === 0 ? [] : ["## What it can do", tools.map(toolMarkdown).join("\n")]),
    ...(requiresSignIn
      ? [
          `People see and end their connections at ${issuer}/connections, and what they may do at ${issuer}/permissions`,
        ]
      : []),
    ...(site.links?.documentation === undefined
      ? []
      : [`Documentation: ${site.links.documentation}`]),
    ...(site.contact === undefined ? [] : [`Help: ${site.contact}`]),
  ];
  return `${parts.join("\n\n")}\n`;
}

function toolMarkdown(tool: ToolSummary): string {
  const effect = EFFECT_NAMES[effectOf(tool)].toLowerCase();
  return `- **${tool.title}** (${effect}): ${tool.description} ${requirement(tool)}`;
}

function InstallationCard({ application, how, command, link }: Installation) {
  return (
    <li>
      <h3>{application}</h3>
      <p class="small quiet">{how}</p>
      {link && (
        <a class="button slim" href={link.href}>
          {link.label}
        </a>
      )}
      {command !== undefined && (
        <pre>
          <code>{command}</code>
        </pre>
      )}
    </li>
  );
}

function ToolRow(tool: ToolSummary) {
  return (
    <li>
      <h3>
        {tool.title} <span class={`mark ${effectOf(tool)}`}>{EFFECT_NAMES[effectOf(tool)]}</span>
      </h3>
      <p>{tool.description}</p>
      <p class="small quiet">
        {tool.permissions.length === 0 && requirement(tool)}
        {tool.permissions.length > 0 && "Needs "}
        {tool.permissions.map((permission) => (
          <>
            <code class="chip">{permission}</code>{" "}
          </>
        ))}
      </p>
    </li>
  );
}

function explanation(requiresSignIn: boolean): string {
  const what =
    "This is a Model Context Protocol server. Give its address to Claude, ChatGPT, your editor or your agent";
  return requiresSignIn
    ? `${what}; you sign in with Auth0, and the application gets no more than you allow.`
    : `${what}. It runs without sign-in, for development on this computer.`;
}

function requirement({ permissions }: ToolSummary): string {
  return permissions.length === 0
    ? "Needs no permission."
    : `Needs ${permissions.map((name) => `\`${name}\``).join(", ")}.`;
}

function installationMarkdown({ application, how, command, link }: Installation): string {
  const lines = [
    `### ${application}`,
    how,
    ...(link ? [`[${link.label}](${link.href})`] : []),
    ...(command === undefined ? [] : ["```\n" + command + "\n```"]),
  ];
  return lines.join("\n\n");
}
