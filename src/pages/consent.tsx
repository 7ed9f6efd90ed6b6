/**
 * The page that asks. Who asks, where the answer goes and what is asked go in; HTML with an Allow
 * and a Deny comes out. Everything about the client was chosen by the client: it is shown as text,
 * never as a link or a picture.
 */
import { Layout } from "./layout.tsx";
import { applicationName, printable } from "./printable.ts";
import { explainScopes, type Ask, type ToolSummary } from "./scope.ts";

/**
 * What the page says; the provider library's `describeConsent` and `beginConsent` have most of it.
 */
export interface ConsentRequest {
  /**
   * `domain` and `path` only when they are verified: the address of a Client ID Metadata Document. Of
   * a host that many share, the domain alone says nothing.
   */
  readonly client: {
    readonly name: string;
    readonly domain?: string | undefined;
    readonly path?: string | undefined;
    readonly uri?: string | undefined;
  };
  readonly redirectHost: string;
  readonly redirectIsLoopback: boolean;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly tools: readonly ToolSummary[];
  /** Sent back by the form: it names the transaction and proves that the page was ours. */
  readonly handle: string;
  /** Where the form posts to. */
  readonly action: string;
  readonly resource: string;
}

const LONGEST_URI_CHARACTERS = 400;

/** Asks a person to allow a client (MCP security best practices, “Confused Deputy Problem”). */
export function ConsentPage(request: ConsentRequest) {
  const name = applicationName(request.client.name);
  return (
    <Layout title={`Allow ${name}?`}>
      <main class="sheet">
        <h1>
          <bdi>{name}</bdi> asks to connect
        </h1>
        <p class="quiet">
          to the tools at <b>{new URL(request.resource).host}</b>
        </p>
        <dl class="who">
          <dt>Who asks</dt>
          <WhoAsks {...request.client} />
          <dt>Your answer goes to</dt>
          <WhereTo request={request} />
        </dl>
        <form method="post" action={request.action}>
          <input type="hidden" name="handle" value={request.handle} />
          <section>
            <h2>If you allow it, it can</h2>
            {explainScopes(request.scopes, request.tools).map((ask) => (
              <Asked ask={ask} />
            ))}
          </section>
          <p class="quiet">
            You will sign in with Auth0 next. The application never gets more than your own account
            may do.
          </p>
          <div class="choice">
            <button class="button main" name="decision" value="allow">
              Allow
            </button>
            <button class="button" name="decision" value="deny">
              Deny
            </button>
          </div>
        </form>
        <Details request={request} />
      </main>
    </Layout>
  );
}

function WhoAsks({ domain, path = "" }: ConsentRequest["client"]) {
  if (domain === undefined)
    return (
      <dd>
        <Remark kind="warn">Unverified: this name was chosen by the application itself.</Remark>
      </dd>
    );
  return (
    <dd>
      <b>{printable(domain, LONGEST_URI_CHARACTERS)}</b>
      {printable(path, LONGEST_URI_CHARACTERS)}
      <Remark kind="good">Verified: this address asks. The name is its own choice.</Remark>
    </dd>
  );
}

/**
 * The redirect host must be shown; a loopback one deserves a warning, since any local program may
 * listen there.
 */
function WhereTo({ request }: { request: ConsentRequest }) {
  const isWeb = /^https?:/i.test(request.redirectUri);
  return (
    <dd>
      <b>
        <bdi>{printable(request.redirectHost, LONGEST_URI_CHARACTERS)}</bdi>
      </b>
      {request.redirectIsLoopback && (
        <Remark kind="warn">
          An application on this computer, whatever name it gives. Allow it only if you have just
          started this yourself.
        </Remark>
      )}
      {!isWeb && <Remark kind="warn">An application on this device.</Remark>}
    </dd>
  );
}

function Asked({ ask }: { ask: Ask }) {
  const isNamed = ask.tools.length === 1 && ask.scopes.length > 0;
  return (
    <fieldset>
      <legend>{ask.heading}</legend>
      {ask.note !== undefined && <p class="quiet">{ask.note}</p>}
      {isNamed && <p class="quiet">{ask.tools[0]?.description}</p>}
      {!isNamed && ask.tools.length > 0 && (
        <ul class="quiet">
          {ask.tools.map((tool) => (
            <li>
              <b>{tool.title}</b>: {tool.description}
            </li>
          ))}
        </ul>
      )}
    </fieldset>
  );
}

function Details({ request }: { request: ConsentRequest }) {
  return (
    <details>
      <summary>Technical details</summary>
      <dl class="pairs">
        <dt>Redirect</dt>
        <dd>
          <bdi>{printable(request.redirectUri, LONGEST_URI_CHARACTERS)}</bdi>
        </dd>
        {request.client.uri !== undefined && (
          <>
            <dt>Website</dt>
            <dd>
              <bdi>{printable(request.client.uri, LONGEST_URI_CHARACTERS)}</bdi> (not checked)
            </dd>
          </>
        )}
        <dt>Resource</dt>
        <dd>{request.resource}</dd>
        <dt>Scopes</dt>
        <dd>
          {request.scopes.map((scope) => printable(scope, LONGEST_URI_CHARACTERS)).join(" ") ||
            "none"}
        </dd>
      </dl>
    </details>
  );
}

const SIGNS = {
  good: "M1.5 8a6.5 6.5 0 1 0 13 0 6.5 6.5 0 1 0-13 0m3.5.2 2 2 4-4.4",
  warn: "M8 1.5 15 14H1L8 1.5Zm0 4.5v4m0 1.6v.4",
} as const;

/** A sentence with a sign before it. Its words say the same without colour or sign. */
function Remark({ kind, children }: { kind: keyof typeof SIGNS; children: string }) {
  return (
    <span class={`remark ${kind}`}>
      <svg
        viewBox="0 0 16 16"
        aria-hidden="true"
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
      >
        <path d={SIGNS[kind]} stroke-linejoin="round" stroke-linecap="round" />
      </svg>
      <span>{children}</span>
    </span>
  );
}
