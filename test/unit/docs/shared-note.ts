// src/tools/shared-note.ts
import * as z from "zod";
import { defineTool } from "../../../src/mcp/tool.ts";

const annotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};

export const noteInKv = defineTool({
  name: "note_in_kv",
  title: "Note in KV",
  description: "Keeps a note for the signed-in person in a KV namespace.",
  permissions: [],
  annotations,
  needs: ["NOTES_KV"],
  input: z.object({ text: z.string().max(4000).optional() }),
  async run({ text }, { auth, env }) {
    if (text !== undefined) await env.NOTES_KV.put(auth.userId, text);
    return (await env.NOTES_KV.get(auth.userId)) ?? "There is no note yet.";
  },
});

export const noteInD1 = defineTool({
  name: "note_in_d1",
  title: "Note in D1",
  description: "Keeps a note for the signed-in person in a D1 database.",
  permissions: [],
  annotations,
  needs: ["NOTES_DB"],
  input: z.object({ text: z.string().max(4000).optional() }),
  async run({ text }, { auth, env }) {
    const { userId } = auth;
    if (text !== undefined)
      await env.NOTES_DB.prepare("INSERT OR REPLACE INTO notes (person, text) VALUES (?, ?)")
        .bind(userId, text)
        .run();
    const query = env.NOTES_DB.prepare("SELECT text FROM notes WHERE person = ?").bind(userId);
    return (await query.first<string>("text")) ?? "There is no note yet.";
  },
});
