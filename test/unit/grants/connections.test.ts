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

/** A person's collection with these texts. */
function collection(...stored: readonly unknown[]) {
  return {
    list: async () =>
      stored.map((each, index) => ({ id: `id-${index}`, text: JSON.stringify(each) })),
  };
}

it("reads entries, and of those of another version of ours what it knows", async () => {
  const { entryId: _, ...entry } = connection({ grantId: "a", refreshToken: "r" });
  const newer = collection({ ...entry, purpose: "a later version's" });
  expect(await listConnections(newer, "person")).toEqual([{ ...entry, entryId: "id-0" }]);
  // One that is passed over would be one that no logout ends.
  await expect(listConnections(collection(entry, { grantId: 1 }), "p")).rejects.toThrow(
    "store_record_newer",
  );
});

it("gives the same scopes as one list", async () => {
  const { entryId: _, ...entry } = connection({});
  const stored = [["a", "b"], ["a"], ["a", "b"], []].map((scopes) => ({ ...entry, scopes }));
  const scopes = (await listConnections(collection(...stored), "p")).map((one) => one.scopes);
  expect(scopes).toEqual([["a", "b"], ["a"], ["a", "b"], []]);
  expect(scopes[2]).toBe(scopes[0]);
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
    entryId: "entry",
    ...fields,
  };
}
