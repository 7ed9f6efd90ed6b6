import { expect, it } from "vitest";
import {
  chooseLiving,
  type Connection,
  listConnections,
  verifiedAddress,
} from "../../../src/grants/connections.ts";

const NOW = 1_800_000_000;

it.each<[string, [string, number, number][], string[]]>([
  ["none", [], []],
  ["those that live on", [["a", NOW - 5, NOW + 1]], ["a"]],
  [
    "no ended ones",
    [
      ["a", NOW - 5, NOW],
      ["b", NOW - 9, NOW - 1],
    ],
    [],
  ],
  [
    "the one used last first",
    [
      ["a", 1, NOW + 9],
      ["b", 3, NOW + 9],
      ["c", 2, NOW + 9],
    ],
    ["b", "c", "a"],
  ],
])("of a person's connections a page shows %s", (_case, connections, shown) => {
  const all = connections.map(([grantId, lastUsedAt, expiresAt]) =>
    connection({ grantId, lastUsedAt, expiresAt }),
  );
  expect(chooseLiving(all, NOW).map(({ grantId }) => grantId)).toEqual(shown);
});

it.each([
  ["https://editor.example/client.json", "https://editor.example/client.json"],
  ["https://editor.example:8443/client.json", "https://editor.example:8443/client.json"],
  ["https://", undefined],
  ["http://editor.example/client.json", undefined],
  ["javascript:https://editor.example", undefined],
  ["a-registered-client", undefined],
  ["", undefined],
])("the client %j is verified at %s", (clientId, address) => {
  expect(verifiedAddress(clientId)).toBe(address);
});

it("reads entries, and passes over those of no version of ours", async () => {
  const entries = [{ grantId: 1 }, connection({ grantId: "a", refreshToken: "r" }), {}];
  const work = { texts: async () => entries.map((entry) => JSON.stringify(entry)) };
  expect(await listConnections(work, "person")).toEqual([
    connection({ grantId: "a", refreshToken: "r" }),
  ]);
});

function connection(fields: Partial<Connection>): Connection {
  return {
    grantId: "grant",
    clientId: "client",
    clientName: "Client",
    createdAt: NOW,
    lastUsedAt: NOW,
    expiresAt: NOW + 60,
    scopes: [],
    ...fields,
  };
}
