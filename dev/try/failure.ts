/**
 * A trial that did not succeed, in words: what failed, with its status and OAuth error, and what to do. Anything
 * thrown goes in. A server's words are shown, cut short; tokens and codes are not among them.
 */
import {
  InsufficientScopeError,
  OAuthError,
  RegistrationRejectedError,
} from "@modelcontextprotocol/client";
import { styleText } from "node:util";
import { Obstacle } from "../obstacle.ts";
import type { Step } from "./steps.ts";

interface Failure {
  readonly step: string;
  readonly isLocal: boolean;
  readonly status: number | undefined;
  /** An OAuth error code, or the system's code of a connection that did not come about. */
  readonly code: string | undefined;
}

type Advice = readonly [when: (failure: Failure) => boolean, then: string];

const UNREACHABLE = /^(ECONN|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT|UND_ERR)/;

/** First match wins. */
const ADVICE: readonly Advice[] = [
  [({ code, isLocal }) => isLocal && UNREACHABLE.test(code ?? ""), "Start it with “npm run dev” in another terminal."],
  [({ code }) => UNREACHABLE.test(code ?? ""), "Check the address given with --url, and that this computer reaches it."],
  [({ code }) => code === "access_denied", "Run it again and choose Allow, or sign in as somebody else."],
  [({ code }) => code === "insufficient_scope", "Run it again and allow this too."],
  [({ status }) => status === 404 || status === 405, "Check the address: --url takes the server's base URL or its /mcp."],
  [({ status }) => status === 429 || status === 503, "Wait a little and run it again."],
  [({ isLocal }) => isLocal, "The terminal of “npm run dev” shows the request and the reason."],
  [() => true, "The log of the server shows the request and the reason: npx wrangler tail."],
];

/** Two lines: what failed, and what to do. */
export function explainFailure(thrown: unknown, step: Step, url: URL | undefined): string {
  const status = step.status !== undefined && step.status >= 400 ? step.status : undefined;
  ...
}
