/** The rules for a token of Auth0's that its holder brings: one case for each, and no clock. */
import { describe, expect, it } from "vitest";
import { judgeBroughtClaims } from "../../../src/identity/brought-token.ts";

const PERSON = { sub: "auth0|1", azp: "spa", permissions: ["a", "b"], scope: "openid a c" };
const MACHINE = { sub: "robot@clients", azp: "robot", gty: "client-credentials", scope: "a b" };
const RULES = { typ: "JWT", clients: ["spa", "robot"], organization: undefined };

describe("a token", () => {
  it.each<[string, Record<string, unknown>, object]>([
    [
      "of a person: what they hold, and of that what was asked of them",
      PERSON,
      { kind: "person", clientId: "spa", held: ["a", "b"], granted: ["a"], actors: 0 },
    ],
    [
      "of a person of whom nothing was asked",
      { ...PERSON, scope: undefined },
      { kind: "person", clientId: "spa", held: ["a", "b"], granted: [], actors: 0 },
    ],
    [
      "of a person in the other dialect",
      { ...PERSON, azp: undefined, client_id: "spa" },
      { kind: "person", clientId: "spa", held: ["a", "b"], granted: ["a"], actors: 0 },
    ],
    [
      "of a machine: its client grant",
      MACHINE,
      { kind: "machine", clientId: "robot", held: ["a", "b"], granted: ["a", "b"], actors: 0 },
    ],
    [
      "that a listed application got by exchange",
      { ...PERSON, act: { sub: "spa", act: { sub: "anybody" } } },
      { kind: "person", clientId: "spa", held: ["a", "b"], granted: ["a"], actors: 2 },
    ],
  ])("%s", (_whose, claims, judged) => {
    expect(judgeBroughtClaims(claims, RULES)).toEqual(judged);
  });

  it.each<[string, Record<string, unknown>, Partial<typeof RULES>, string]>([
    ["of an application that is not listed", { ...PERSON, azp: "other" }, {}, "client"],
    ["of no application", { ...PERSON, azp: undefined }, {}, "client"],
    ["of an application that is no text", { ...PERSON, azp: ["spa"] }, {}, "client"],
    ["where none is listed", PERSON, { clients: [] }, "client"],
    ["bound to a key", { ...PERSON, cnf: { jkt: "x" } }, {}, "cnf"],
    ["bound to a certificate", { ...MACHINE, cnf: { "x5t#S256": "x" } }, {}, "cnf"],
    ["that is an ID token by its nonce", { ...PERSON, nonce: "n" }, {}, "kind"],
    ["that is an ID token by its hash", { ...PERSON, at_hash: "h" }, {}, "kind"],
    ["that is a logout token", { ...PERSON, events: {} }, { typ: "logout+jwt" }, "kind"],
    ["of another type", PERSON, { typ: "oauth-id-jag+jwt" }, "kind"],
    ["that others got by exchange", { ...PERSON, act: { sub: "other" } }, {}, "act"],
    ["whose actor cannot be read", { ...PERSON, act: "spa" }, {}, "act"],
    ["of a person without permissions", { ...PERSON, permissions: undefined }, {}, "permissions"],
    ["of a person with scopes alone", { ...PERSON, permissions: "a b" }, {}, "permissions"],
  ])("%s is refused", (_whose, claims, rules, check) => {
    expect(judgeBroughtClaims(claims, { ...RULES, ...rules })).toBe(check);
  });

  it("is of the organization of this server", () => {
    const rules = { ...RULES, organization: "org_1" };
    expect(judgeBroughtClaims(PERSON, rules)).toBe("organization");
    expect(judgeBroughtClaims({ ...PERSON, org_id: "org_2" }, rules)).toBe("organization");
    expect(judgeBroughtClaims({ ...PERSON, org_id: "org_1" }, rules)).toMatchObject({
      held: ["a", "b"],
    });
  });
});
