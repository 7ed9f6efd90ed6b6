/** Three rings: one file inside workerd; the whole Worker over HTTP; the same in a real browser. */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** Wrangler hands a developer's secrets to tests too: here they are empty, whatever is in the files. */
const emptied = Object.fromEntries(
  [".dev.vars", ".env", ".env.local"]
    .filter((file) => existsSync(file))
    .flatMap((file) => [
      ...readFileSync(file, "utf8").matchAll(/^\s*(?:export\s+)?([\w.-]+)\s*[=:]/gm),
    ])
    .map(([, name = ""]) => [name, ""]),
);

export default defineConfig({
  test: {
    // Half of the time is waiting, also where there are but two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            // The namespaces are those of the documents' examples.
            miniflare: {
              bindings: emptied,
              kvNamespaces: ["NOTES_KV"],
              d1Databases: ["NOTES_DB"],
            },
          }),
        ],
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.{ts,tsx}"],
          // A busy machine is no failure.
          testTimeout: 60_000,
          // One workerd for all of them: what a file of src/ remembers is its tests' to cope with.
          isolate: false,
          restoreMocks: true,
        },
      },
      {
        test: {
          name: "flow",
          include: ["test/flow/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
