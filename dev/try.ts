/**
 * `npm run try`: an MCP client that meets a server for the first time. Its address goes in; every
 * step with its time, and what a tool answers, comes out. Never prints a token or a code.
 */
import type { Client, Tool } from "@modelcontextprotocol/client";
import { readArguments, USAGE, type Wish } from "./try/arguments.ts";
import { authorize } from "./try/authorization.ts";
import { explainFailure } from "./try/failure.ts";
import { authorizeMachine } from "./try/machine.ts";
import {
  callTool,
  chooseTool,
  comeWithoutToken,
  connect,
  describeSession,
  listTools,
} from "./try/session.ts";
import { useOther } from "./try/others.ts";
import { createSteps, renderStep } from "./try/steps.ts";

const steps = createSteps();

try {
  const wish = readArguments();
  if (wish === undefined) console.log(USAGE);
  else {
    console.log(`${wish.url.href}\n`);
    const answer = await attempt(wish);
    console.log(`\n${answer}\n\nDone in ${Math.round(steps.elapsedMs())} ms.`);
  }
} catch (error) {
  const { problem, advice } = explainFailure(error, steps.current);
  const line = steps.current === undefined ? problem : renderStep(steps.current, problem);
  console.error(`${line}\n\n${advice}`);
  process.exitCode = 1;
}

/** The whole way from a stranger to a tool's answer, which is returned. */
async function attempt(wish: Wish): Promise<string> {
  const { url } = wish;
  const refusal = await steps.run(
    "without a token",
    () => comeWithoutToken(url, steps),
    describeRefusal,
  );
  const signIn = wish.machine === undefined ? authorize : authorizeMachine;
  const tokens = refusal && (await signIn(wish, refusal, steps));
  const authProvider = { token: async () => tokens?.access_token };
  const client = await steps.run(
    "connection",
    () => connect(url, authProvider, { steps, wish }),
    describeSession,
  );
  const { tools } = await steps.run(
    "tools/list",
    () => client.listTools(),
    (list) => list.tools.map(({ name }) => name).join(", "),
  );
  const answer =
    (await useOther(client, wish, steps)) ?? (await useTool(client, wish, { tools, tokens }));
  await client.close();
  return answer;
}

interface Offered {
  readonly tools: readonly Tool[];
  readonly tokens: unknown;
}

/** Calls the tool that was asked for or chosen, or lists all of them. */
async function useTool(client: Client, wish: Wish, { tools, tokens }: Offered): Promise<string> {
  if (wish.lists !== undefined) return listTools(tools);
  const name = chooseTool(wish, tools, hasPerson(wish, tokens));
  const call = { name, input: wish.input, offered: tools };
  return steps.run(
    "tools/call",
    () => callTool(client, call),
    () => name,
  );
}

/** Whether a tool may be asked about somebody. */
function hasPerson({ machine }: Wish, tokens: unknown): boolean {
  return tokens !== undefined && machine === undefined;
}

function describeRefusal(refusal: Response | undefined): string {
  return refusal === undefined
    ? "let in: this server asks nobody to sign in"
    : `${refusal.status}, as it should be`;
}
