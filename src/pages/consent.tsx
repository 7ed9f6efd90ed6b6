/**
 * The page that asks. Who asks, where the answer goes and what is asked go in; HTML with boxes to
 * untick, an Allow and a Deny comes out. Everything about the client was chosen by the client: it is
 * shown as text, never as a link or a picture.
 */
import { Address, Destination, splitHost } from "./address.tsx";
import { Decision } from "./decision.tsx";
import { Layout } from "./layout.tsx";
import { type Choice, Folded, PermissionChoice } from "./permission-choice.tsx";
import { applicationName, printable } from "./printable.ts";
import { Remark } from "./remark.tsx";
import { describeIdentity, type ToolSummary } from "./scope.ts";

/** Who vouches for what an application says of itself. */
export type Standing =
  /** The address is that of its Client ID Metadata Document. */
  | { readonly kind: "verified"; readonly address: string }
  | { readonly kind: "operator" }
  | { readonly kind: "unverified" };

/**
 * What the page says; the provider library's `describeConsent` and `beginConsent` have most of it.
 */
export interface ConsentRequest {
  readonly client: {
    readonly name: string;
    readonly standing: Standing;
    readonly uri?: string | undefined;
  };
  readonly redirectIsLoopback: boolean;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly choices: readonly Choice[];
  /** What everybody who is signed in may use. */
  readonly openTools: readonly ToolSummary[];
  /** When it ends by itself unless it is used; none when it does not outlive the sign-in. */
  readonly idleDays?: number | undefined;
  /** After how long it ends in any case. */
  readonly longestSeconds?: number | undefined;
  readonly mayBeRemembered: boolean;
  /** Sent back by the form: it names the transaction and proves that the page was ours. */
  readonly handle: string;
  /** Where the form posts to. */
  readonly action: string;
  readonly resource: string;
  /** Whose resource it is, when it is an organization's. */
  readonly organization?: string | undefined;
}

const SECONDS_PER_DAY = 86_400;

const LONGEST_URI_CHARACTERS = 400;

/** Asks a person to allow a client (MCP security best practices, “Confused Deputy Problem”). */
export function ConsentPage(request: ConsentRequest) {
  const name = applicationName(request.client.name);
  const isStepUp = request.choices.some(({ isNew }) => isNew);
  return (
    <Layout title={`Allow ${name}?`}>
      <main class="sheet">
        <h1>
          <bdi>{name}</bdi> asks {isStepUp ? "for more" : "to connect"}
        </h1>
        <WhichTools request={request} />
        <dl class="who">
          <dt>Who asks</dt>
          <WhoAsks standing={request.client.standing} />
          <dt>Your answer goes to</dt>
          <WhereTo request={request} />
        </dl>
        <form method="post" action={request.action}>
          <input type="hidden" name="handle" value={request.handle} />
          <input type="hidden" name="choices" value="shown" />
          <WhatFor request={request} isStepUp={isStepUp} />
          {request.mayBeRemembered && (
            <div class="tick remember">
              <input type="checkbox" id="remember" name="remember" value="yes" />
              <label for="remember">
                Do not ask again when it asks for no more than this, in this browser, for 30 days
              </label>
            </div>
          )}
          <Decision yes="Allow" no="Deny" />
          <p class="small quiet">
            You sign in with Auth0 next.{" "}
            <button class="as-link" name="decision" value="switch">
              Allow, and choose the account there
            </button>
          </p>
        </form>
        <Details request={request} />
      </main>
    </Layout>
  );
}

function WhichTools({ request: { resource, organization } }: { request: ConsentRequest }) {
  return (
    <p class="quiet">
      to the tools at <b>{new URL(resource).host}</b>
      {organization !== undefined && (
        <>
          {" "}
          for the organization <b>{organization}</b>
        </>
      )}
    </p>
  );
}

function WhoAsks({ standing }: { standing: Standing }) {
  switch (standing.kind) {
    case "verified":
      return (
        <dd>
          <Address url={standing.address} />
          <Remark kind="good">
            Verified: it is described at this address. Its name is its own choice.
          </Remark>
        </dd>
      );
    case "operator":
      return (
        <dd>
          <Remark kind="good">Added by the operator of this server.</Remark>
        </dd>
      );
    case "unverified":
      return (
        <dd>
          <Remark kind="warn">
            Unverified: it registered itself, and nobody vouches for its name.
          </Remark>
        </dd>
      );
  }
}

/**
 * The redirect host must be shown; a loopback one deserves a warning, since any local program may
 * listen there (RFC 8252 §8.6).
 */
function WhereTo({ request }: { request: ConsentRequest }) {
  const { redirectIsLoopback, redirectUri } = request;
  const isWeb = /^https?:/i.test(redirectUri);
  return (
    <dd>
      <Destination redirectUri={redirectUri} />
      {redirectIsLoopback && (
        <Remark kind="warn">
          An application on this computer, whatever name it gives. Allow it only if you have just
          started this yourself.
        </Remark>
      )}
      {!isWeb && (
        <Remark kind="warn">
          An application on this device, whichever answers to this address. Allow it only if you
          have just started this yourself.
        </Remark>
      )}
      {isElsewhere(request) && (
        <Remark kind="warn">Not the website that asks: another one receives the answer.</Remark>
      )}
    </dd>
  );
}

/** Whether a verified application has the answer sent to somebody else's website. */
function isElsewhere({ client, redirectIsLoopback, redirectUri }: ConsentRequest) {
  if (client.standing.kind !== "verified" || redirectIsLoopback) return false;
  const domainOf = (address: string) => splitHost(URL.parse(address)?.hostname ?? "").domain;
  return (
    /^https:/i.test(redirectUri) && domainOf(client.standing.address) !== domainOf(redirectUri)
  );
}

function WhatFor({ request, isStepUp }: { request: ConsentRequest; isStepUp: boolean }) {
  const { choices, openTools, idleDays } = request;
  const identity = describeIdentity(request.scopes);
  return (
    <section>
      <h2>
        {isStepUp ? "If you allow it, it can, with what is new marked" : "If you allow it, it can"}
      </h2>
      {choices.length > 0 && (
        <p class="quiet">
          Untick what it should not do. It never gets more than your own account may do.
        </p>
      )}
      <PermissionChoice choices={choices} mayEnd />
      <dl class="always">
        {openTools.length > 0 && (
          <>
            <dt>Use what is open to everyone who signs in</dt>
            <dd class="quiet">
              <OpenTools tools={openTools} />
            </dd>
          </>
        )}
        {identity !== undefined && (
          <>
            <dt>Know who you are</dt>
            <dd class="quiet">{identity}</dd>
          </>
        )}
        <dt>{idleDays === undefined ? "Until your sign-in ends" : "Until you disconnect it"}</dt>
        <dd class="quiet">{describeEnd(request)}</dd>
      </dl>
    </section>
  );
}

/** When it ends, if nobody ends it before. */
function describeEnd({ idleDays, longestSeconds, resource }: ConsentRequest): string {
  if (idleDays === undefined) return "It has to ask again after that.";
  const isOlder = longestSeconds !== undefined ? `it is ${describeTime(longestSeconds)} old` : "";
  const isIdle = `it has not been used for ${idleDays} days`;
  const never = longestSeconds !== undefined && longestSeconds <= idleDays * SECONDS_PER_DAY;
  const ends = [never ? "" : isIdle, isOlder].filter(Boolean).join(", or ");
  return `Or until ${ends}. You see and end it at ${new URL(resource).host}/connections.`;
}

/** In the largest unit that it is a whole number of: 7 days, 8 hours, 90 minutes. */
function describeTime(seconds: number): string {
  const units = [
    [SECONDS_PER_DAY, "day"],
    [3600, "hour"],
    [60, "minute"],
  ] as const;
  const [size, name] = units.find(([unit]) => seconds % unit === 0) ?? [1, "second"];
  const count = seconds / size;
  return count === 1 ? `1 ${name}` : `${count} ${name}s`;
}

function OpenTools({ tools }: { tools: readonly ToolSummary[] }) {
  return (
    <Folded count={tools.length} what={`All ${tools.length} of them`}>
      {tools.map(({ title }) => printable(title, 100)).join(", ")}.
    </Folded>
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
