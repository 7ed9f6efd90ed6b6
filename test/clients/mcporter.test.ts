/** mcporter, with the server in its configuration. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { prove } from "./support/prove.ts";
import { succeed } from "./support/terminal.ts";

prove({
  name: "mcporter",
  package: "mcporter",
  registersBy: "registration",
  signsInAgainWhenExpired:
    "without oauthRedirectUrl its callback has another port each time, for which it registers anew: its refresh token is another client's then",
  open: async (place) => {
    await mkdir(join(place.home, "config"));
    const mcpServers = { house: { url: place.url, auth: "oauth", allowHttp: true } };
    await writeFile(join(place.home, "config/mcporter.json"), JSON.stringify({ mcpServers }));
    return {
      signIn: () => succeed(place, ["mcporter", "auth", "house"]),
      list: () => succeed(place, ["mcporter", "list", "house", "--schema"]),
      call: () => succeed(place, ["mcporter", "call", "house.get_user_info"]),
    };
  },
});
