import { describe, expect, it } from "vitest";
import { renderHtml } from "../../../src/pages/layout.tsx";
import { createLook, PLAIN_SITE } from "../../../src/pages/look.ts";
import {
  auth0CliScript,
  dashboardLines,
  terraformScript,
} from "../../../src/pages/permission-recipes.ts";
import { PermissionsPage, type PermissionsFacts } from "../../../src/pages/permissions.tsx";
import { describePermissions } from "../../../src/pages/scope.ts";

const TOOLS = [
  {
    title: "List",
    description: "Lists.",
    permissions: ["a:read"],
    annotations: { readOnlyHint: true, destructiveHint: false },
  },
  { title: "Drop", description: "Drops.", permissions: ["a:drop"] },
];

const FACTS: PermissionsFacts = {
  profile: { name: "Ada Byrne" },
  permissions: describePermissions(["a:read", "a:drop"], { tools: TOOLS }),
  openTools: [{ title: "Get the time", description: "UTC.", permissions: [] }],
  held: ["a:read", "of another API"],
  grants: [{ clientName: "Claude", permissions: ["a:read"] }],
  audience: "https://api.example.com/",
  signInHref: "/connections/sign-in?to=/permissions",
};
const rows = (facts: Partial<PermissionsFacts> = {}) =>
  (
    PermissionsPage({ ...FACTS, ...facts })
      .toString()
      .match(/<li class="permission">[^]*?<\/li>/g) ?? []
  ).map((row) => row.replace(/<[^>]*>/g, " ").replace(/\s+/g, " "));

describe("the permissions of a person", () => {
  it("are shown with their tools, whether they are held, and who was allowed them", () => {
    expect(rows()).toEqual([
      " Use “List” Read only a:read List You hold it. Allowed to Claude. ",
      " Use “Drop” Can delete or overwrite a:drop Drop You do not hold it: an administrator can assign it to you. No application has it. ",
    ]);
    expect(PermissionsPage(FACTS).toString()).toContain("You hold 1 of 2 permissions");
    expect(PermissionsPage(FACTS).toString()).toContain("Needs no permission: Get the time.");
  });

  it("show as text what applications chose", () => {
    const grants = [{ clientName: "<script>", permissions: ["a:read"] }];
    expect(PermissionsPage({ ...FACTS, grants }).toString()).not.toContain("<script>");
  });

  it("are a page under 30 KB when there are forty", async () => {
    const permissions = Array.from({ length: 40 }, (_, at) => ({
      name: `area_${at}:act`,
      sentence: `Do something with area ${at} in your name`,
      effect: "changes" as const,
      tools: [{ title: `Tool ${at}`, description: "It works.", permissions: [`area_${at}:act`] }],
    }));
    const page = renderHtml(
      PermissionsPage({ ...FACTS, permissions }),
      await createLook(PLAIN_SITE),
    );
    expect(new Blob([page]).size).toBeLessThan(30_000);
  });

  it("need no list for an administrator when there is none", () => {
    expect(PermissionsPage({ ...FACTS, permissions: [] }).toString()).not.toContain("Terraform");
  });
});

describe("the list for an administrator", () => {
  const permissions = [
    { name: "a:read", sentence: "See “all”" },
    { name: "it's", sentence: 'Say "${hi}" %{x}' },
  ];

  it("is lines for the dashboard", () => {
    expect(dashboardLines(permissions)).toBe(`a:read\tSee “all”\nit's\tSay "\${hi}" %{x}`);
  });

  it("is a command for Auth0's CLI, which a shell reads as it is meant", () => {
    expect(auth0CliScript(permissions, "https://api.example.com/")).toBe(
      `auth0 apis update 'https://api.example.com/' --scopes 'a:read,it'\\''s'`,
    );
  });

  it("is Terraform, which takes nothing for a template", () => {
    expect(terraformScript(permissions, "https://api.example.com/")).toBe(
      `resource "auth0_resource_server_scope" "mcp" {
  for_each = {
    "a:read" = "See “all”"
    "it's" = "Say \\"$\${hi}\\" %%{x}"
  }
  resource_server_identifier = "https://api.example.com/"
  scope                      = each.key
  description                = each.value
}`,
    );
  });
});
