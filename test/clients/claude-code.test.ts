/** Claude Code, by each way of registration: its commands connect, and call nothing without a model. */
import type { Place } from "./support/place.ts";
import { prove, type Session } from "./support/prove.ts";
import { succeed } from "./support/terminal.ts";

const common = {
  package: "@anthropic-ai/claude-code",
  shows: /house: .* [✔✓] Connected/,
  open: claude,
};

prove({ ...common, name: "Claude Code, by its document", registersBy: "document" });
prove({
  ...common,
  name: "Claude Code, registered",
  registersBy: "registration",
  needsNoDocuments: true,
});

async function claude(place: Place): Promise<Session> {
  await succeed(place, ["claude", "mcp", "add", "--transport", "http", "house", place.url]);
  return {
    signIn: () => succeed(place, ["claude", "mcp", "login", "house"], { needsTerminal: true }),
    list: () => succeed(place, ["claude", "mcp", "list"]),
    // A registration that it has it keeps, whatever becomes of the sign-in.
    startOver: () => succeed(place, ["claude", "mcp", "logout", "house"]),
  };
}
