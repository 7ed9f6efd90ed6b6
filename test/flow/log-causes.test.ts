/**
 * Logins that fail: from the line alone an operator can tell why, and no two causes look alike. What
 * goes back through the client names the request.
 */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type House, startHouse } from "../support/house.ts";
import { comeBack } from "../support/sessions.ts";
import {
  callMcp,
  locationOf,
  meetStranger,
  openConsent,
  type Stranger,
} from "../support/stranger.ts";
import { visit } from "../support/tenant.ts";

let house: House;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse();
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterEach(async () => {
  house.tenant.control.clear();
  house.store.faults.clear();
  await house.shiftClock(0);
});
afterAll(() => house.stop());

interface Login {
  readonly cause: string;
  /** Lets a login fail; the browser's last answer. */
  readonly fail: () => Promise<unknown>;
  /** What the line says. */
  readonly line: Readonly<Record<string, unknown>>;
}

/** The browser comes back with an error of Auth0's. */
async function comeBackWith(error: string, description: string): Promise<Response> {
  const { back, jar } = await comeBack(client);
  back.searchParams.delete("code");
  back.searchParams.set("error", error);
  back.searchParams.set("error_description", description);
  return visit(back, jar);
}

/** The browser comes back, and then something is different. */
async function comeBackTo(change: () => unknown): Promise<unknown> {
  const returning = await comeBack(client);
  await change();
  return visit(returning.back, returning.jar);
}

const LOGINS: readonly Login[] = [
  {
    cause: "a wrong client secret",
    fail: () =>
      comeBackTo(() =>
        house.tenant.control.fail("token", {
          status: 401,
          body: { error: "access_denied", error_description: "Unauthorized" },
        }),
      ),
    line: {
      reason: "identity_client_rejected",
      phase: "code",
      upstreamError: "invalid_client",
      upstreamStatus: 401,
    },
  },
  {
    cause: "an audience that names no API",
    fail: () => comeBackWith("access_denied", "Service not found: https://api.example.test"),
    line: { reason: "identity_audience_unknown", phase: "authorize" },
  },
  {
    cause: "RBAC is off",
    fail: () => comeBackTo(() => house.tenant.control.shape({ permissions: "absent" })),
    line: { reason: "identity_permissions_missing" },
  },
  {
    cause: "a person who is blocked",
    fail: async () => {
      house.tenant.control.block("ada");
      return client.approve(client.begin(), "ada");
    },
    line: { reason: "identity_blocked", phase: "authorize", upstreamError: "unauthorized" },
  },
  {
    cause: "a person who cancelled",
    fail: () => comeBackWith("access_denied", "User did not authorize the request"),
    line: { reason: "identity_cancelled", phase: "authorize", upstreamError: "access_denied" },
  },
  {
    cause: "a person of another organization",
    fail: () => comeBackWith("access_denied", "user a|1 is not part of the org_1 organization"),
    line: { reason: "identity_organization_refused", phase: "authorize" },
  },
  {
    cause: "an application that needs an organization",
    fail: () =>
      comeBackWith("invalid_request", "parameter organization is required for this client"),
    line: { reason: "identity_organization_required", phase: "authorize" },
  },
  {
    cause: "a clock that is five minutes slow",
    fail: () => comeBackTo(() => house.shiftClock(-300)),
    line: { reason: "identity_token_invalid", check: "iat", secondsOff: expect.any(Number) },
  },
  {
    cause: "a grant type that is off",
    fail: () =>
      comeBackTo(() =>
        house.tenant.control.fail("token", {
          status: 403,
          body: { error: "unauthorized_client", error_description: "Grant type not allowed" },
        }),
      ),
    line: { reason: "identity_client_not_allowed", phase: "code" },
  },
  {
    cause: "an Action that denies",
    fail: () => comeBackWith("access_denied", "Not on weekends, says somebody's Action."),
    line: { reason: "identity_denied", phase: "authorize", upstreamError: "access_denied" },
  },
  {
    cause: "a signature that does not hold",
    fail: () => comeBackTo(() => house.tenant.control.shape({ accessToken: "bad-signature" })),
    line: { reason: "identity_token_invalid", check: "signature", judged: "access_token" },
  },
  {
    cause: "a token of another application",
    fail: () => comeBackTo(() => house.tenant.control.shape({ accessToken: "wrong-azp" })),
    line: { reason: "identity_token_invalid", check: "azp", judged: "access_token" },
  },
  {
    cause: "a nonce of another login",
    fail: () => comeBackTo(() => house.tenant.control.shape({ idToken: "wrong-nonce" })),
    line: { reason: "identity_token_invalid", check: "nonce" },
  },
  {
    cause: "a database that is full",
    fail: () => comeBackTo(() => house.store.faults.always("full")),
    line: { reason: "store_full", storeStatus: 200 },
  },
  {
    cause: "a database that takes no writes",
    fail: () => comeBackTo(() => house.store.faults.always("read-only")),
    line: { reason: "store_read_only", storeStatus: 200 },
  },
  {
    cause: "a quota that is used up",
    fail: () => comeBackTo(() => house.store.faults.always("quota")),
    line: { reason: "store_quota_exceeded", storeStatus: 400 },
  },
  {
    cause: "a wrong token for the database",
    fail: () => comeBackTo(() => house.store.faults.always("unauthorized")),
    line: { reason: "store_auth_failed", storeStatus: 401 },
  },
];

it.each(LOGINS)("$cause", async ({ fail, line }) => {
  const before = house.log.length;
  await fail();
  await expect
    .poll(() => house.log.slice(before))
    .toContainEqual(expect.objectContaining({ route: "/auth/callback", ...line }));
});

it("no two causes look alike", () => {
  const lines = LOGINS.map(({ line }) => JSON.stringify(line));
  expect(new Set(lines).size).toBe(lines.length);
});

it("a person who presses Deny on our own page is none of Auth0's", async () => {
  const { decide } = await openConsent(client.begin());
  const location = locationOf(await decide("deny"));
  await expect.poll(() => house.log.at(-1)).toMatchObject({ reason: "consent_denied" });
  expect(location.searchParams.get("error_description")).toContain(
    `(request ${String(house.log.at(-1)?.["requestId"])})`,
  );
});

it("names client and request of what goes back through the client, in the line and in the error", async () => {
  house.tenant.control.block("ada");
  const location = await client.approve(client.begin(), "ada");
  await expect
    .poll(() => house.log.at(-1))
    .toMatchObject({ reason: "identity_blocked", client: expect.stringMatching(/^[\w-]{8}$/) });
  expect(location.searchParams.get("error_description")).toBe(
    `This account may not sign in. (request ${String(house.log.at(-1)?.["requestId"])})`,
  );
  const { searchParams } = locationOf(await comeBackWith("access_denied", "<b>evil</b>"));
  expect(searchParams.get("error_description")).not.toContain("evil");
});

it("names the request of an error that the client hears of at once", async () => {
  const attempt = client.begin({ response_type: "token" });
  const location = locationOf(await visit(attempt.url, new Map()));
  await expect.poll(() => house.log.at(-1)).toMatchObject({ reason: "authorization_invalid" });
  expect(location.searchParams.get("error_description")).toContain(
    `(request ${String(house.log.at(-1)?.["requestId"])})`,
  );
});

it("one client has one mark on all its lines, and no line has its id", async () => {
  const before = house.log.length;
  const { access_token } = await client.signIn("rob");
  // The second one meets what the first has left behind.
  for (const method of ["tools/list", "tools/list"])
    await callMcp(client.resource, access_token, { method });
  const marks = () =>
    house.log.slice(before).flatMap(({ route, client: mark }) => (mark ? [[route, mark]] : []));
  const routes = () => marks().map(([route]) => route);
  await expect.poll(routes).toEqual(expect.arrayContaining(["/token", "/mcp"]));
  await expect.poll(() => routes().filter((route) => route === "/mcp")).toHaveLength(2);
  expect(new Set(marks().map(([, mark]) => mark)).size).toBe(1);
  expect(JSON.stringify(house.log)).not.toContain(client.clientId);
});

it("says once, and names the switches, that Auth0 gives no refresh token", async () => {
  house.tenant.control.configure({ api: { allow_offline_access: false } });
  await client.signIn("rob");
  await client.signIn("rob");
  const warnings = () => house.log.filter(({ reason }) => reason === "offline_access_off");
  await expect.poll(warnings).toEqual([
    {
      reason: "offline_access_off",
      switches: [
        expect.stringContaining("Allow Offline Access"),
        expect.stringContaining("Refresh Token"),
      ],
    },
  ]);
});
