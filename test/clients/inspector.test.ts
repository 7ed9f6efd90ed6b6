/** MCP Inspector's command line. */
import { prove } from "./support/prove.ts";
import { succeed } from "./support/terminal.ts";

prove({
  name: "MCP Inspector --cli",
  package: "@modelcontextprotocol/inspector",
  registersBy: "registration",
  open: (place) => {
    // It opens a browser from a terminal only, and forgets who signed in where no keychain is.
    const env = { MCP_AUTO_OPEN_ENABLED: "true", MCP_INSPECTOR_SECRET_STORE: "file" };
    const inspect = (...args: string[]) =>
      succeed(place, ["mcp-inspector", "--cli", place.url, "--method", ...args], { env });
    return {
      list: async () => {
        const text = await inspect("tools/list", "--strict");
        // Its linter prints what a schema might do to other clients.
        if (/^Warning: tool|[1-9]\d* (?:errors?|warnings?) across/m.test(text))
          throw new Error(text);
        return text;
      },
      call: () => inspect("tools/call", "--tool-name", "get_user_info"),
    };
  },
});
