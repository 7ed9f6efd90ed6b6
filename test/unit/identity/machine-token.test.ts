import { expect, it } from "vitest";
import { isMachine, readMachinePermissions } from "../../../src/identity/machine-token.ts";

const AZP = { azp: "robot" };

it.each<[string, Record<string, unknown>, boolean]>([
  ["Auth0's default dialect", { ...AZP, sub: "robot@clients", gty: "client-credentials" }, true],
  ["RFC 9068", { client_id: "robot", sub: "robot@clients" }, true],
  ["RFC 9068, the bare id", { client_id: "robot", sub: "robot" }, true],
  ["an agent", { ...AZP, sub: "agt_1", sub_profile: "ai_agent" }, true],
  ["an agent among others", { ...AZP, sub: "agt_1", sub_profile: ["user", "service"] }, true],
  ["a person", { ...AZP, sub: "auth0|64f0" }, false],
  ["a person called like a machine", { ...AZP, sub: "samlp|acme|robot@clients" }, false],
  ["a person, whatever else it says", { ...AZP, sub: "auth0|1", gty: "client-credentials" }, false],
  ["a person with a profile", { ...AZP, sub: "auth0|1", sub_profile: "service" }, false],
  ["somebody", { ...AZP, sub: "somebody" }, false],
  ["somebody by password", { ...AZP, sub: "somebody", gty: "password" }, false],
  ["nobody", { ...AZP, gty: "client-credentials" }, false],
])("knows whether a token speaks for a machine: %s", (_whose, claims, verdict) => {
  expect(isMachine(claims)).toBe(verdict);
});

it.each<[string, Record<string, unknown>, readonly string[]]>([
  ["permissions", { permissions: ["a", "b", "a"], scope: "c" }, ["a", "b"]],
  ["no permissions, which is not an absent list", { permissions: [], scope: "c" }, []],
  ["scope", { scope: "a  b a" }, ["a", "b"]],
  ["neither", {}, []],
  ["what is no list", { permissions: "a b", scope: "a b" }, []],
  ["a scope that is no text", { scope: ["a"] }, []],
])("reads what a machine may do from %s", (_where, claims, permissions) => {
  expect(readMachinePermissions(claims)).toEqual(permissions);
});
