/**
 * What to do about a refusal. A reason goes in; a heading and the steps that end the trouble come
 * out. Data only, the same words every time.
 */
import { REFUSALS, type Reason } from "../errors.ts";

interface Advice {
  readonly heading: string;
  /** Who can take the steps. */
  readonly reader: "you" | "operator";
  readonly steps: readonly string[];
}

const API_SETTINGS =
  "In the Auth0 dashboard open Applications → APIs → the API of this server → Settings.";
const APPLICATION_SETTINGS =
  "In the Auth0 dashboard open Applications → Applications → the application of this server → Settings.";
const AGAIN = "Then connect again from the application.";
const AUTH0_LOG = "The Auth0 dashboard says more under Monitoring → Logs.";
const START_AGAIN: Advice = {
  heading: "Please start again",
  reader: "you",
  steps: ["Close this page and start again from your application or from your connections."],
};

const ADVICE: Partial<Record<Reason, Advice>> = {
  authorization_expired: START_AGAIN,
  authorization_invalid: {
    heading: "This request cannot be answered",
    reader: "you",
    steps: [
      "Start again from your application.",
      "If it happens again, tell the maker of the application.",
    ],
  },
  form_refused: {
    heading: "Please try that again",
    reader: "you",
    steps: ["Go to your connections and press the button again."],
  },
  approval_unknown: {
    heading: "There is nothing to answer here",
    reader: "you",
    steps: [
      "Let your application make the call again, and open the new link within ten minutes.",
      "Sign in here as the same person as in your application.",
    ],
  },
  connection_unknown: {
    heading: "There is no such connection",
    reader: "you",
    steps: ["Your connections are all on one page."],
  },
  client_unknown: {
    heading: "We do not know this application",
    reader: "you",
    steps: [
      "Its registration may have expired. Remove this server in the application, add it again, and connect.",
    ],
  },
  client_document_invalid: {
    heading: "This application describes itself wrongly",
    reader: "you",
    steps: [
      "Tell the maker of the application: the document at its client_id must be JSON, of this very client_id, with client_name and redirect_uris.",
    ],
  },
  client_address_refused: {
    heading: "This application cannot be looked up",
    reader: "you",
    steps: [
      "Tell the maker of the application: its client_id must be an https address on a public host, without a port.",
    ],
  },
  identity_denied: {
    heading: "You are not signed in",
    reader: "you",
    steps: [
      "Start again, if you declined by mistake.",
      "If you did not decline, ask the administrator whether your account may use this server.",
    ],
  },
  identity_cancelled: {
    heading: "You are not signed in",
    reader: "you",
    steps: ["Start again, if you declined by mistake."],
  },
  identity_blocked: {
    heading: "You may not sign in",
    reader: "you",
    steps: ["Ask the administrator whether your account is blocked."],
  },
  identity_organization_refused: {
    heading: "You may not sign in here",
    reader: "you",
    steps: ["Sign in with an account of the organization, or ask its administrator to add yours."],
  },
  identity_organization_required: {
    heading: "Auth0 asks for an organization",
    reader: "operator",
    steps: [
      `${APPLICATION_SETTINGS} See the tab Organizations.`,
      "Set AUTH0_ORGANIZATION, or let individuals sign in.",
    ],
  },
  identity_audience_unknown: {
    heading: "Auth0 does not know this API",
    reader: "operator",
    steps: [
      API_SETTINGS,
      "Compare its Identifier with AUTH0_AUDIENCE: they must be equal in every character, a trailing slash included.",
      AGAIN,
    ],
  },
  identity_client_not_allowed: {
    heading: "Auth0 does not let this server do that",
    reader: "operator",
    steps: [
      `${APPLICATION_SETTINGS} Under Advanced Settings → Grant Types turn on Authorization Code and Refresh Token.`,
      "On the API turn on Allow Offline Access, and let the application use it.",
    ],
  },
  identity_permissions_missing: {
    heading: "Auth0 sent no permissions",
    reader: "operator",
    steps: [
      `${API_SETTINGS} Find RBAC Settings.`,
      "Turn on “Enable RBAC”.",
      "Turn on “Add Permissions in the Access Token”, and save.",
      AGAIN,
    ],
  },
  identity_token_opaque: {
    heading: "Auth0 sent a token that we cannot read",
    reader: "operator",
    steps: [
      API_SETTINGS,
      "Compare its Identifier with AUTH0_AUDIENCE: they must be equal in every character, a trailing slash included.",
      "Turn off JSON Web Encryption (JWE) for the API.",
      AGAIN,
    ],
  },
  identity_algorithm_refused: {
    heading: "Auth0 signs with the wrong algorithm",
    reader: "operator",
    steps: [API_SETTINGS, "Set the signing algorithm to RS256, and save.", AGAIN],
  },
  identity_client_rejected: {
    heading: "Auth0 does not accept this server",
    reader: "operator",
    steps: [
      APPLICATION_SETTINGS,
      "Compare Domain, Client ID and Client Secret with AUTH0_DOMAIN, AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET.",
      "Its type must be Regular Web Application.",
    ],
  },
  identity_metadata_invalid: {
    heading: "We cannot trust the sign-in service",
    reader: "operator",
    steps: [
      "AUTH0_DOMAIN must be the domain of the tenant, or its custom domain, exactly as Auth0 names itself.",
      "Use one of the two everywhere: a token of the one is not valid at the other.",
    ],
  },
  identity_refused: {
    heading: "Auth0 refused the sign-in",
    reader: "operator",
    steps: [
      "Find this request in the log of this server: it has the error code that Auth0 gave.",
      `${APPLICATION_SETTINGS} Allowed Callback URLs must have the address of this server with /auth/callback.`,
      "If the application needs an organization, set AUTH0_ORGANIZATION.",
      AUTH0_LOG,
    ],
  },
  identity_token_invalid: {
    heading: "Auth0 sent a token that fails our checks",
    reader: "operator",
    steps: [
      "Find this request in the log of this server: it names the check.",
      "Compare AUTH0_DOMAIN, AUTH0_CLIENT_ID and AUTH0_AUDIENCE with the Auth0 dashboard.",
    ],
  },
  configuration_invalid: {
    heading: "This server is not ready",
    reader: "operator",
    steps: ["The log of this server lists every variable that is missing or wrong, by name."],
  },
};

/**
 * The heading and the steps for a reason; reasons without advice of their own get that of their
 * status.
 */
export function adviceFor(reason: Reason): Advice {
  return ADVICE[reason] ?? adviceForStatus(REFUSALS[reason].status);
}

function adviceForStatus(status: number): Advice {
  if (status === 503)
    return {
      heading: "Please try again shortly",
      reader: "you",
      steps: ["Nothing is lost. Start again from your application in a moment."],
    };
  if (status === 429)
    return {
      heading: "Too many requests at once",
      reader: "you",
      steps: ["Wait a minute, then try again."],
    };
  if (status === 404) return { heading: "Page not found", reader: "you", steps: [] };
  if (status < 500) return START_AGAIN;
  return {
    heading: "Something went wrong",
    reader: "you",
    steps: [
      "Try again. If it happens again, give the operator of this server the request id below.",
    ],
  };
}
