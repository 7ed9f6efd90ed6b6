/**
 * `npm run types`: what the environment of a tool holds, as TypeScript. `wrangler.toml` and the
 * names in the files of variables go in; `worker-configuration.d.ts` comes out, as `wrangler types`
 * writes it. No value is read into it.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { experimental_generateTypes } from "wrangler";

const root = join(import.meta.dirname, "..");
const target = join(root, "worker-configuration.d.ts");

const { content } = await experimental_generateTypes({
  config: join(root, "wrangler.toml"),
  envFile: [".dev.vars.example", ".dev.vars"].filter((name) => existsSync(join(root, name))),
  includeRuntime: false,
  path: target,
  strictVars: false,
});
if (!existsSync(target) || readFileSync(target, "utf8") !== content) writeFileSync(target, content);
