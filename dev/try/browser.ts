/**
 * The browser of whoever runs `npm run try`. A web address goes in and nothing comes out: it is
 * also printed.
 */
import { spawn } from "node:child_process";

/** No shell is involved: the address may hold anything. */
const OPENERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/** Opens a page, if there is anything to open it with. */
export function openBrowser(url: URL): void {
  if (!/^https?:$/.test(url.protocol)) return;
  const [command, ...options] = OPENERS[process.platform] ?? ["xdg-open"];
  const opener = spawn(command, [...options, url.href], { detached: true, stdio: "ignore" });
  opener.on("error", () => {});
  opener.unref();
}
