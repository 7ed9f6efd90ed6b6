import { expect, it } from "vitest";
import { deriveSessionId, deriveUserId } from "../../../src/identity/user-id.ts";

it("names a person by the hash of issuer and subject", async () => {
  const userId = await deriveUserId("https://tenant.test/", "samlp|acme|urn:eve:none@acme.test");
  expect(userId).toBe("3egbZLb2dANFbaqJyyUgP-GPzb-RQGErmmIpnvWJbFw");
});

it("names the same subject of another tenant differently", async () => {
  expect(await deriveUserId("https://a.test/", "auth0|1")).not.toBe(
    await deriveUserId("https://b.test/", "auth0|1"),
  );
});

it("names a session in the same way", async () => {
  expect(await deriveSessionId("https://tenant.test/", "session-1")).toMatch(/^[\w-]{43}$/);
});
