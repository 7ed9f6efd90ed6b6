/** What the documents say of clients is what the code knows of them. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { installationsOf } from "../../src/clients/installation.ts";
import { PRIVATE_REDIRECTS } from "../../src/clients/known.ts";

const CLIENTS = readFileSync("docs/clients.md", "utf8");
const README = readFileSync("README.md", "utf8");

it.each(installationsOf("https://YOUR-HOST/mcp").filter(({ command }) => command !== undefined))(
  "docs/clients.md has the command for $application",
  ({ application, command }) => {
    expect(CLIENTS).toContain(`${application}: \`${command}\``);
  },
);

it.each(PRIVATE_REDIRECTS)("docs/clients.md has $client and its source", ({ client, source }) => {
  const row = CLIENTS.split("\n").find((line) => line.startsWith(`| ${client} |`));
  expect(row).toContain(`](${source})`);
});

it("README has the command for Claude Code", () => {
  const [claude] = installationsOf("http://localhost:8787/mcp").filter(
    ({ application }) => application === "Claude Code",
  );
  expect(README).toContain(claude?.command);
});
