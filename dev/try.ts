/**
 * `npm run try`: an MCP client that meets a server for the first time. Its address goes in; every
 * step with its time, and what a tool answers, comes out. Never prints a token or a code.
 */
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
  const name = wish.lists ? undefined : chooseTool(wish, tools, hasPerson(wish, tokens));
  const answer =
    name === undefined
      ? listTools(tools)
      : await steps.run(
          "tools/call",
          () => callTool(client, { name, input: wish.input, offered: tools }),
          () => name,
        );
  await client.close();
  return answer;
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
