import { expect, it } from "vitest";
import { isForOrganization } from "../../../src/identity/organization.ts";

const ID = "org_Ab1";

const accepted: [title: string, claims: Record<string, unknown>, organization?: string][] = [
  ["accepts any token when no organization is configured", {}],
  ["accepts the configured identifier", { org_id: "org_Ab1" }, ID],
  ["accepts the configured name in any case", { org_id: "org_Ab1", org_name: "acme" }, "ACME"],
];
it.each(accepted)("%s", (_title, claims, organization) => {
  expect(isForOrganization(claims, organization)).toBe(true);
});

const refused: [title: string, claims: Record<string, unknown>, organization: string][] = [
  ["compares an identifier to the letter", { org_id: "org_ab1" }, ID],
  ["refuses an identifier that is only the name", { org_id: "org_x", org_name: "org_Ab1" }, ID],
  ["refuses another name", { org_name: "acme-evil" }, "acme"],
  ["refuses a token without organization", {}, "acme"],
  ["refuses a name that is no text", { org_name: ["acme"] }, "acme"],
];
it.each(refused)("%s", (_title, claims, organization) => {
  expect(isForOrganization(claims, organization)).toBe(false);
});
