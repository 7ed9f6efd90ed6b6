/** What the documents say of clients, rules and tests is what there is. */
import { existsSync, readFileSync } from "node:fs";
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

const SECURITY = readFileSync("docs/security.md", "utf8");

const NAMED = {
  test: SECURITY.matchAll(/`((?:unit|flow|browser)\/[\w/-]+)`/g),
  file: SECURITY.matchAll(
    /`((?:edge|oauth|clients|grants|identity|storage|mcp|pages|people)\/[\w/-]+\.tsx?)`/g,
  ),
};

it("docs/security.md names tests that are there", () => {
  for (const [, name] of NAMED.test)
    expect(
      [".ts", ".tsx"].some((end) => existsSync(`test/${name}.test${end}`)),
      name,
    ).toBe(true);
});

it("docs/security.md names files that are there", () => {
  for (const [, name] of NAMED.file) expect(existsSync(`src/${name}`), name).toBe(true);
});
