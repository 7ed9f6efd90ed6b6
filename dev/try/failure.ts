/**
 * A trial that did not succeed, in words: what failed, with its status and OAuth error, and what to
 * do. Anything thrown goes in. A server's words are shown, cut short; tokens and codes are not
 * among them.
 */
import {
  InsufficientScopeError,
  OAuthError,
  RegistrationRejectedError,
} from "@modelcontextprotocol/client";
import { isLoopbackUrl } from "../../src/variables.ts";
import { Obstacle } from "../obstacle.ts";
import type { Step } from "./steps.ts";

interface Failure {
  readonly problem: string;
  readonly advice?: string | undefined;
  /** An OAuth error code, or the system's code of a connection that did not come about. */
  readonly code?: string | undefined;
}

interface Circumstances {
  readonly code: string;
  readonly status: number | undefined;
  readonly isLoopback: boolean;
}

type Rule = readonly [when: (met: Circumstances) => boolean, then: string];

const UNREACHABLE = /^(ECONN|ENOTFOUND|EAI_|EHOST|ENET|ETIMEDOUT|UND_ERR)/;
const NO_STEP: Step = { name: "", startedAtMs: 0 };
const LONGEST_PROBLEM_CHARACTERS = 300;

/** First match wins. */
const RULES: readonly Rule[] = [
  [
    ({ code, isLoopback }) => isLoopback && UNREACHABLE.test(code),
    "Start it with “npm run dev” in another terminal.",
  ],
  [
    ({ code }) => UNREACHABLE.test(code),
    "Check the address given with --url, and that this computer reaches it.",
  ],
  [
    ({ code }) => code === "access_denied",
    "Run it again and choose Allow, or sign in as somebody else.",
  ],
  [({ code }) => code === "insufficient_scope", "Run it again and allow this too."],
  [
    ({ status }) => status === 404 || status === 405,
    "Check the address: --url takes the server's base URL or its /mcp.",
  ],
  [({ status }) => status === 429 || status === 503, "Wait a little and run it again."],
  [
    ({ isLoopback }) => isLoopback,
    "The terminal of “npm run dev” shows the request and the reason.",
  ],
  [() => true, "The log of the server shows the request and the reason (npx wrangler tail)."],
];

/** What failed in a step, on one line, and what to do. */
export function explainFailure(
  thrown: unknown,
  step: Step = NO_STEP,
): { problem: string; advice: string } {
  const { problem, advice, code = "" } = readFailure(thrown, step.url);
  const status = step.status !== undefined && step.status >= 400 ? step.status : undefined;
  const isLoopback = step.url !== undefined && isLoopbackUrl(step.url);
  const words = [status, code, problem].filter((word) => word !== undefined && word !== "");
  return {
    problem: words.join(" ").replaceAll(/\s+/g, " ").slice(0, LONGEST_PROBLEM_CHARACTERS),
    advice: advice ?? RULES.find(([when]) => when({ code, status, isLoopback }))?.[1] ?? "",
  };
}

function readFailure(thrown: unknown, url: URL | undefined): Failure {
  if (thrown instanceof Obstacle) return { problem: thrown.message, advice: thrown.advice };
  if (thrown instanceof RegistrationRejectedError) return { problem: thrown.body };
  if (thrown instanceof InsufficientScopeError)
    return { problem: thrown.message, code: "insufficient_scope" };
  if (thrown instanceof OAuthError) return { problem: thrown.message, code: thrown.code };
  const code = findSystemCode(thrown);
  if (code !== undefined) return { problem: `no answer from ${url?.origin}`, code };
  return { problem: thrown instanceof Error ? thrown.message : String(thrown) };
}

/** The code of whatever lies at the bottom; `fetch` and the client wrap it several times. */
function findSystemCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const isSystem =
    "code" in thrown && typeof thrown.code === "string" && UNREACHABLE.test(thrown.code);
  return isSystem ? String(thrown.code) : findSystemCode(thrown.cause);
}
