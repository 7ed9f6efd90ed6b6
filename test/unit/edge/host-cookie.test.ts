import { expect, it } from "vitest";
import { hostCookie, readHostCookie } from "../../../src/edge/host-cookie.ts";

it("is for this host over https only, and for no script", () => {
  expect(hostCookie("name", "va.lu-e_", 900)).toBe(
    "__Host-name=va.lu-e_; Max-Age=900; Path=/; HttpOnly; Secure; SameSite=Lax",
  );
});

it.each([
  ["__Host-name=value", "value"],
  ["other=1; __Host-name=value; more=2", "value"],
  ["__Host-name=first; __Host-name=second", "first"],
  ["name=value", undefined],
  ["__Host-name-too=value", undefined],
  ["__host-name=value", undefined],
  ["", undefined],
])("reads %j as %s", (cookies, value) => {
  const request = new Request("https://mcp.example.com/", { headers: { Cookie: cookies } });
  expect(readHostCookie(request, "name")).toBe(value);
});

it("is absent where there are no cookies", () => {
  expect(readHostCookie(new Request("https://mcp.example.com/"), "name")).toBeUndefined();
});
