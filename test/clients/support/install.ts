/** Installs the clients at the pinned versions, unless they are there. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "..");
const wanted = join(folder, "package-lock.json");
/** A copy of what was installed. */
const installed = join(folder, "node_modules/.installed-lock.json");

export default function install(): void {
  if (existsSync(installed) && readFileSync(installed).equals(readFileSync(wanted))) return;
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, stdio: "inherit" });
  copyFileSync(wanted, installed);
}
