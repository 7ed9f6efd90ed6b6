/** Gemini CLI's OAuth provider; what it signs in for is asked with its token. */
import { join } from "node:path";
import { callMcp } from "../support/stranger.ts";
import { prove } from "./support/prove.ts";
import { succeed } from "./support/terminal.ts";

prove({
  name: "Gemini CLI",
  package: "@google/gemini-cli-core",
  registersBy: "registration",
  open: (place) => {
    const run = async (action: string): Promise<string> => {
      const script = join(import.meta.dirname, "support/gemini.ts");
      const offset = String(place.aheadMs());
      const text = await succeed(place, ["node", script, action, place.url, offset], {
        answer: { question: /\[Y\/n\]/, keys: "y\n" },
      });
      return /token=(\S+)/.exec(text)?.[1] ?? "";
    };
    const ask = async (method: string, params: unknown = {}) =>
      JSON.stringify((await callMcp(place.url, await run("token"), { method, params })).answer);
    return {
      signIn: () => run("sign-in"),
      list: () => ask("tools/list"),
      call: () => ask("tools/call", { name: "get_user_info", arguments: {} }),
    };
  },
});
