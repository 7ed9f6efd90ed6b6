/**
 * Gemini CLI's own sign-in, without its screen: `node gemini.ts sign-in|token URL CLOCK_OFFSET_MS`.
 * It goes by its own clock, which is why that can be set.
 */
import { coreEvents, MCPOAuthProvider } from "@google/gemini-cli-core";

const [, , action, url = "", offsetMs = "0"] = process.argv;
const realNow = Date.now.bind(Date);
Date.now = () => realNow() + Number(offsetMs);

coreEvents.on("user-feedback", ({ message }: { message: string }) => console.log(message));
coreEvents.drainBacklogs();
const provider = new MCPOAuthProvider();
if (action === "sign-in") await provider.authenticate("house", { enabled: true }, url);
const token = await provider.getValidToken("house", { enabled: true });
if (token === null) throw new Error("not signed in");
console.log(`token=${token}`);
process.exit(0);
