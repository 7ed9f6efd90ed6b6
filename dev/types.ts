/**
 * `npm run types`: what is written from other files. `wrangler.toml` and the names in the files of
 * variables go in, and `worker-configuration.d.ts` comes out: what the environment of a tool holds,
 * as `wrangler types` writes it. No value is read into it. Skills become `src/tools/skills.ts`.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeSkills } from "./types/skills.ts";
import { experimental_generateTypes, experimental_readRawConfig } from "wrangler";

const root = join(import.meta.dirname, "..");
const target = join(root, "worker-configuration.d.ts");
const config = join(root, ".wrangler", `types-${process.pid}.json`);

writeSkills(root);

// The deployment itself: of several environments wrangler makes optional what one of them lacks.
const { rawConfig } = experimental_readRawConfig({ config: join(root, "wrangler.toml") });
const { env: _others, ...deployment } = rawConfig;

mkdirSync(join(root, ".wrangler"), { recursive: true });
writeFileSync(config, JSON.stringify({ ...deployment, main: join(root, String(rawConfig.main)) }));
try {
  const { content } = await experimental_generateTypes({
    config,
    envFile: [".dev.vars.example", ".dev.vars"]
      .map((name) => join(root, name))
      .filter((file) => existsSync(file)),
    includeRuntime: false,
    path: target,
    strictVars: false,
  });
  writeFileSync(target, content);
} finally {
  rmSync(config);
}
