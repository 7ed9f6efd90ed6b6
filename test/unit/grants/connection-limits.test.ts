import { expect, it } from "vitest";
import {
  chooseLoggedOut,
  chooseSuperfluous,
  type Connection,
} from "../../../src/grants/connections.ts";

const NOW = 1_800_000_000;

function connection(grantId: string, fields: Partial<Connection> = {}): Connection {
  return {
    grantId,
    clientId: "client",
    clientName: "Client",
    createdAt: NOW,
    lastUsedAt: NOW,
    expiresAt: NOW + 60,
    scopes: [],
    entryId: "entry",
    ...fields,
  };
}

const used = (grantId: string, lastUsedAt: number) => connection(grantId, { lastUsedAt });
const ended = (grantId: string) => connection(grantId, { expiresAt: NOW });

it.each<[string, Connection[], string[]]>([
  ["none has to go when there are none", [], []],
  ["none has to go when there is room for one more", [used("a", 1), used("b", 2)], []],
  ["the longest unused goes", [used("a", 2), used("b", 1), used("c", 3)], ["b"]],
  ["as many go as are too many", [4, 3, 2, 1].map((at) => used(String(at), at)), ["1", "2"]],
  ["the ended ones go in any case", [used("a", 1), ended("b")], ["b"]],
  [
    "the ended ones make no room twice",
    [used("a", 1), ended("b"), used("c", 2), used("d", 3)],
    ["b", "a"],
  ],
])("of at most three: %s", (_case, connections, gone) => {
  const superfluous = chooseSuperfluous(connections, { now: NOW, most: 3 });
  expect(superfluous.map(({ grantId }) => grantId)).toEqual(gone);
});

it.each<[string | undefined, string[]]>([
  ["s1", ["a"]],
  ["s3", []],
  [undefined, ["a", "b", "c"]],
])("a logout that names the session %s ends %j", (sessionId, gone) => {
  const all = [
    connection("a", { sessionId: "s1" }),
    connection("b", { sessionId: "s2" }),
    connection("c"),
  ];
  expect(chooseLoggedOut(all, sessionId).map(({ grantId }) => grantId)).toEqual(gone);
});
