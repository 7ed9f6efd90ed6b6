/** Somebody at a terminal, asked by @clack/prompts. Secrets are typed unseen. */
import { confirm, isCancel, log, password, text } from "@clack/prompts";
import { Obstacle } from "../obstacle.ts";
import type { Person } from "./interview.ts";

export const terminal: Person = {
  async ask({ variable, asks, example = "", isSecret = false }, known) {
    const message = `${variable}\n${asks}`;
    if (!isSecret)
      return given(
        await text({ message, placeholder: example, ...(known && { initialValue: known }) }),
      );
    const kept = known === undefined ? "" : "\n(empty keeps the one in the file)";
    return given(await password({ message: message + kept })) || known;
  },
  confirm: async (message) => given(await confirm({ message, initialValue: false })),
  tell: (message) => log.message(message),
};

/** Whether there is somebody to ask. */
export function assertTerminal(): void {
  if (process.stdin.isTTY && process.stdout.isTTY) return;
  throw new Obstacle(
    "There is nobody to ask: this is not a terminal.",
    "Copy .dev.vars.example to .dev.vars, or to .deploy.vars for a deployment, and fill it in; npm run doctor checks it. npm run setup -- --dry-run says what setup would do.",
  );
}

/** Ctrl-C is an answer too. */
function given<Answer>(answer: Answer): Exclude<Answer, symbol> {
  if (isCancel(answer))
    throw new Obstacle(
      "Nothing was written.",
      "npm run setup begins anew; what the Auth0 CLI made is found again, and not made twice.",
    );
  return answer as Exclude<Answer, symbol>;
}
