/** opencode: its commands connect, and call nothing without a model. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { prove } from "./support/prove.ts";
import { succeed } from "./support/terminal.ts";

prove({
  name: "opencode",
  package: "opencode-ai",
  registersBy: "registration",
  shows: /✓ house\s+connected/,
  open: async (place) => {
    await mkdir(join(place.home, ".config/opencode"), { recursive: true });
    const mcp = { house: { type: "remote", url: place.url, enabled: true } };
    await writeFile(join(place.home, ".config/opencode/opencode.json"), JSON.stringify({ mcp }));
    // What is no part of signing in: lists of models, plug-ins and versions from elsewhere.
    const env = {
      OPENCODE_DISABLE_AUTOUPDATE: "true",
      OPENCODE_DISABLE_DEFAULT_PLUGINS: "true",
      OPENCODE_DISABLE_MODELS_FETCH: "true",
    };
    const answer = { question: /Re-authenticate\?/, keys: "\r" };
    return {
      signIn: () =>
        succeed(place, ["opencode", "mcp", "auth", "house"], { needsTerminal: true, answer, env }),
      list: () => succeed(place, ["opencode", "mcp", "list"], { env }),
    };
  },
});
