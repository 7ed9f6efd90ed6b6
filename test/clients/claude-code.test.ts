/** Claude Code: its commands connect, and call nothing without a model. */
import { prove } from "./support/prove.ts";
import { succeed } from "./support/terminal.ts";

prove({
  name: "Claude Code, by its document",
  package: "@anthropic-ai/claude-code",
  registersBy: "document",
  shows: /house: .* [✔✓] Connected/,
  open: async (place) => {
    await succeed(place, ["claude", "mcp", "add", "--transport", "http", "house", place.url]);
    return {
      signIn: () => succeed(place, ["claude", "mcp", "login", "house"], { needsTerminal: true }),
      list: () => succeed(place, ["claude", "mcp", "list"]),
    };
  },
});
