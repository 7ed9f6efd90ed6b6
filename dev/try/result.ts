/**
 * What a tool answers, for people. Content goes in, lines come out; pictures and sounds are saved
 * beside the local data, and their place is said.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { CallToolResult, ReadResourceResult } from "@modelcontextprotocol/client";
import { printable } from "./steps.ts";

type Block = CallToolResult["content"][number];

const FOLDER = resolve(import.meta.dirname, "../../.dev/try");

/** The answer as text; `name` names the files of what is no text. */
export function showResult({ content, structuredContent }: CallToolResult, name: string): string {
  const blocks = content.map((block, index) => showBlock(block, `${name}-${index + 1}`));
  if (structuredContent === undefined) return printable(blocks.join("\n"));
  const inside = JSON.stringify(structuredContent);
  const others = blocks.filter((block) => block !== inside);
  return printable([JSON.stringify(structuredContent, null, 2), ...others].join("\n"));
}

/** One content of a resource. */
export function showResource(content: ReadResourceResult["contents"][number]): string {
  if ("text" in content) return printable(content.text);
  const { uri, mimeType = "application/octet-stream", blob } = content;
  return `[${mimeType}, saved as ${save({ mimeType, data: blob }, printable(uri))}]`;
}

function showBlock(block: Block, name: string): string {
  if (block.type === "text") return block.text;
  if (block.type === "image" || block.type === "audio")
    return `[${block.mimeType}, saved as ${save(block, name)}]`;
  if (block.type === "resource_link") return `[${block.name}: ${block.uri}]`;
  return "text" in block.resource ? block.resource.text : `[${block.resource.uri}]`;
}

function save({ mimeType, data }: { mimeType: string; data: string }, name: string): string {
  const extension = /\/([a-z\d]+)/.exec(mimeType)?.[1]?.replace("jpeg", "jpg") ?? "bin";
  const file = join(FOLDER, `${name.replaceAll(/[^\w.-]/g, "_")}.${extension}`);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(file, Buffer.from(data, "base64"));
  return relative(process.cwd(), file);
}
