import { expect, it } from "vitest";
import { isForOrganization } from "../../../src/identity/organization.ts";

const rows: [
  title: string,
  claims: Record<string, unknown>,
  organization: string | undefined,
  verdict: boolean,
][] = [
  ["accepts any token when no organization is configured", {}, undefined, true],
  ["accepts the configured identifier", { org_id: "org_Ab1" }, "org_Ab1", true],
  ["compares an identifier to the letter", { org_id: "org_ab1" }, "org_Ab1", false],
  [
    "refuses an identifier that is only the name",
    { org_id: "org_x", org_name: "org_Ab1" },
    "org_Ab1",
    false,
  ],
  [
    "accepts the configured name in any case",
    { org_id: "org_Ab1", org_name: "acme" },
    "ACME",
    true,
  ],
  ["refuses another name", { org_name: "acme-evil" }, "acme", false],
  ["refuses a token without organization", {}, "acme", false],
  ["refuses a name that is no text", { org_name: ["acme"] }, "acme", false],
];

it.each(rows)("%s", (_title, claims, organization, verdict) => {
  expect(isForOrganization(claims, organization)).toBe(verdict);
});
