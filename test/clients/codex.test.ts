/** Codex, by each way of registration: its commands sign in and say so, and call nothing. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Place } from "./support/place.ts";
import { prove, type Session } from "./support/prove.ts";
import { succeed } from "./support/terminal.ts";

const shows = /house\s.*OAuth/;

prove({
  name: "Codex, by its document",
  package: "@openai/codex",
  connects: false,
  registersBy: "document",
  shows,
  open: (place) => codex(place, "cimd"),
});
prove({
  name: "Codex, registered",
  package: "@openai/codex",
  connects: false,
  registersBy: "registration",
  shows,
  open: (place) => codex(place, "dcr"),
});

async function codex(place: Place, way: "cimd" | "dcr"): Promise<Session> {
  await mkdir(join(place.home, ".codex"));
  const config = `[mcp_servers.house]\nurl = "${place.url}"\n`;
  await writeFile(join(place.home, ".codex/config.toml"), config);
  const login = ["codex", "mcp", "login", "house", "--oauth-client-registration", way];
  return {
    signIn: () => succeed(place, login),
    list: () => succeed(place, ["codex", "mcp", "list"]),
  };
}
