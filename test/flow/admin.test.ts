/**
 * An operator's command line over the store of a server that runs: who is there, who may do what, and
 * the end of it, noticed by every Worker. The commands are run as they are.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ROBOT } from "../../dev/tenant/machines.ts";
import { PEOPLE } from "../../dev/tenant/people.ts";
import { type House, startHouse } from "../support/house.ts";
import { askForToken } from "../support/machine.ts";
import { statusOfCall } from "../support/sessions.ts";
import { meetStranger, type Stranger, type Tokens } from "../support/stranger.ts";

let house: House;
let client: Stranger;

beforeAll(async () => {
  house = await startHouse({ variables: { REVOCATION_CHECK_SECONDS: "0" } });
  client = await meetStranger(`${house.issuer}/mcp`);
});
afterAll(() => house.stop());
beforeEach(() => house.tenant.control.clear());

async function admin(
  words: readonly string[],
  input = "",
  variables: Readonly<Record<string, string>> = {},
) {
  const child = spawn(process.execPath, ["dev/admin.ts", ...words], {
    env: { PATH: process.env["PATH"] ?? "", ...house.variables, ...variables },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(input);
  const texts: string[] = [];
  const errors: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => texts.push(text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  const [code] = await once(child, "close");
  return { code, output: texts.join(""), error: errors.join("") };
}

async function json(words: readonly string[]) {
  const { output, error } = await admin([...words, "--json"]);
  expect(error).toBe("");
  return JSON.parse(output);
}
const isAlive = async (tokens: Tokens) => (await statusOfCall(house, tokens.access_token)) === 200;

describe("npm run admin", () => {
  it("tells who somebody is in the log, and what they granted, and no token", async () => {
    const tokens = await client.signIn("ada");
    const { code, output } = await admin(["people", "--sub", PEOPLE.ada.sub]);
    expect(code).toBe(0);
    expect(output).toMatch(/^user [\w-]{43}\n[\w-]{43}:[\w-]+\n/);
    for (const secret of [tokens.access_token, tokens.refresh_token, PEOPLE.ada.email])
      expect(output).not.toContain(secret);
    const { grants } = await json(["people", "--sub", PEOPLE.eve.sub]);
    expect(grants).toEqual([]);
  });

  it("tells which tools a person can call through a client, and which layer says no", async () => {
    await client.signIn("rob");
    const access = await json(["access", "--sub", PEOPLE.rob.sub, "--client", client.clientId]);
    expect(access).toContainEqual(
      expect.objectContaining({ tool: "get_user_info", verdict: "allowed" }),
    );
    expect(access).toContainEqual(
      expect.objectContaining({ tool: "explain_access", verdict: "role" }),
    );
  });

  it("tells that it is switched off, by command or by variable", async () => {
    await client.signIn("rob");
    const access = ["access", "--sub", PEOPLE.rob.sub, "--client", client.clientId];
    const blocked = { BLOCKED_CLIENTS: client.clientId };
    expect((await admin(access, "", blocked)).output).toMatch(
      /get_user_info: no: switched off is the client$/m,
    );
    await admin(["block", "--permission", "tool:get_user_info"]);
    const { output } = await admin(access);
    await admin(["unblock", "--permission", "tool:get_user_info"]);
    expect(output).toMatch(/get_user_info: no: switched off is tool:get_user_info$/m);
    expect(output).toMatch(/explain_access: no: the role at the provider lacks/);
  });

  it("shows a name that a stranger chose as text on one line, and which client it is", async () => {
    const client_name = "Claude\n\u001b[2K\u009b1A\u202eedualC";
    const stranger = await meetStranger(`${house.issuer}/mcp`, { client_name });
    await stranger.signIn("eve");
    const eve = ["--sub", PEOPLE.eve.sub];
    for (const words of [["clients"], ["people", ...eve], ["access", ...eve]]) {
      const { output } = await admin(words);
      expect(output).toContain(stranger.clientId);
      expect(output).toContain("Claude [2K1AedualC");
      expect(output).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
    }
    expect(await json(["clients", "--remove", stranger.clientId])).toMatchObject({ ended: 1 });
    const line = { at: "a", requestId: "r", method: "POST", route: "/x\u009b", status: 200 };
    const log = JSON.stringify({ ...line, tool: "t\u001b[2K" });
    const { output } = await admin(["trace", "--request", "r"], log);
    expect(output).toMatch(/^ {2}\/x {25}a {2}200 {2}tool=t\[2K {2}r$/m);
  });

  it("counts, people and machines apart, and lists clients", async () => {
    expect((await askForToken(house)).status).toBe(200);
    expect(await json(["count"])).toMatchObject({ people: 2, machines: 1, registeredClients: 1 });
    expect(await json(["clients"])).toMatchObject([{ clientId: client.clientId }]);
  });

  it("finds a machine by what Auth0 calls it, and ends its grant", async () => {
    const tokens: Tokens = await (await askForToken(house)).json();
    const robot = ["--sub", `${ROBOT.clientId}@clients`];
    const { grants } = await json(["people", ...robot]);
    expect(grants).toHaveLength(1);
    expect(await isAlive(tokens)).toBe(true);
    expect((await admin(["revoke", ...robot, "--yes"])).code).toBe(0);
    expect(await isAlive(tokens)).toBe(false);
    const next: Tokens = await (await askForToken(house)).json();
    expect(await isAlive(next)).toBe(true);
  });

  it("ends the grants of one person, here and at Auth0, and nobody else's", async () => {
    const [ada, rob] = [await client.signIn("ada"), await client.signIn("rob")];
    const { output } = await admin(["revoke", "--sub", PEOPLE.ada.sub]);
    expect(output).toMatch(/^[1-9]\d* grants ended/);
    expect([await isAlive(ada), await isAlive(rob)]).toEqual([false, true]);
    expect((await client.refresh(ada.refresh_token)).status).toBe(400);
    expect(house.tenant.control.revokedRefreshTokens().length).toBeGreaterThan(0);
  });

  it("asks before it ends more than one person's, and ends a grant that began since", async () => {
    const [ada, rob] = [await client.signIn("ada"), await client.signIn("rob")];
    const refused = await admin(["revoke", "--all"]);
    expect(refused).toMatchObject({ code: 2, error: expect.stringContaining("Say --yes.") });
    expect(await isAlive(ada)).toBe(true);
    const later = new Date(Date.now() + 3600_000).toISOString();
    expect(await json(["revoke", "--all", "--since", later])).toEqual({ ended: 0 });
    expect((await admin(["revoke", "--all", "--yes"])).code).toBe(0);
    expect([await isAlive(ada), await isAlive(rob)]).toEqual([false, false]);
  });

  it("removes a client, its grants included", async () => {
    const other = await meetStranger(`${house.issuer}/mcp`);
    const tokens = await other.signIn("ada");
    expect(await json(["clients", "--remove", other.clientId])).toEqual({
      ended: 1,
      wasRegistered: true,
    });
    expect(await isAlive(tokens)).toBe(false);
    expect((await json(["clients"])).map(({ clientId }: { clientId: string }) => clientId)).toEqual(
      [client.clientId],
    );
  });

  it("shows one attempt step by step, from the log alone", async () => {
    const stranger = await meetStranger(`${house.issuer}/mcp`);
    house.tenant.control.shape({ permissions: "absent" });
    await stranger.signIn("ada").catch(() => undefined);
    const failed = house.log.findLast((line) => line["route"] === "/auth/callback");
    const log = house.log.map((line) =>
      JSON.stringify({ logs: [{ message: [JSON.stringify(line)] }] }),
    );
    const { output } = await admin(
      ["trace", "--request", String(failed?.["requestId"])],
      log.join("\n"),
    );
    expect(output).toMatch(/came back from Auth0 .*identity_permissions_missing/);
    expect(output).toMatch(/– exchanged the code +nothing in the log/);
    expect(output).toMatch(/✓ registered .*event=registered/);
    const byClient = await admin(["trace", "--client", stranger.clientId], log.join("\n"));
    expect(byClient.output).toBe(output);
    const at = String(failed?.["at"]);
    const byTime = await admin(["trace", "--at", at], log.join("\n"));
    expect(byTime.output).toContain(String(failed?.["requestId"]));
    const late = new Date(Date.parse(at) + 3600_000).toISOString();
    expect(await admin(["trace", "--at", late], log.join("\n"))).toMatchObject({
      code: 2,
      error: "There is no such request in this log.\n",
    });
  });

  it("switches off and on again while the server runs, and says what is off", async () => {
    const tokens = await client.signIn("ada");
    const { output } = await admin([
      "block",
      "--client",
      client.clientId,
      "--permission",
      "tool:x",
    ]);
    expect(output).toBe(
      `off, everywhere within a minute:\n  client ${client.clientId}\n  permission tool:x\n`,
    );
    await house.shiftClock(61);
    expect(await statusOfCall(house, tokens.access_token)).toBe(403);
    expect((await admin(["blocked"])).output).toBe(output);
    expect(await json(["unblock", "--client", client.clientId])).toMatchObject({ clients: [] });
    expect(await json(["unblock", "--permission", "tool:x"])).toMatchObject({ permissions: [] });
    await house.shiftClock(122);
    expect(await isAlive(tokens)).toBe(true);
    await house.shiftClock(0);
    expect((await admin(["blocked"])).output).toBe("nothing is off\n");
  });

  it.each(["-dashed", "--twice"])("takes an id that begins with a dash: %s", async (id) => {
    expect(await json(["people", "--sub", id])).toMatchObject({ grants: [] });
    const { output } = await admin(["clients", "--remove", id]);
    expect(output).toBe("no such client is registered, and 0 grants ended\n");
  });

  it.each([[["--help"]], [["people", "-h"]], [[]]])("explains itself: %j", async (words) => {
    const { code, output } = await admin(words);
    expect(code).toBe(0);
    expect(output).toMatch(/^npm run admin -- <command>/);
  });

  it.each([
    [["revoke"], /^Whose\?/],
    [["block"], /^What\?/],
    [["trace"], /^Which\?/],
    [["nonsense"], /^There is no command 'nonsense'\./],
    [["toString"], /^There is no command 'toString'\./],
    [["people", "extra"], /^Unexpected argument 'extra'\./],
    [["people", "--usr", "a"], /^Unknown option '--usr'\./],
    [["revoke", "--all", "--permission", "a"], /^'revoke' takes no option '--permission'\./],
    [["count", "--yes"], /^'count' takes no option '--yes'\./],
    [["people", "--sub"], /^Option '--sub <value>' argument missing\./],
    [["revoke", "--grant", "a"], /^--grant is user:grant/],
    [["revoke", "--all", "--since", "noon"], /^--since is a time: 20/],
    [["trace", "--at", "noon"], /^--at is a time: 20/],
    [["trace", "--request", "a", "--log", "package.json"], /^No line of this log is the server's/],
    [["trace", "--request", "a", "--log", "/nowhere"], /^There is no file \/nowhere\./],
  ])("refuses %j by what is wrong with it", async (words, says) => {
    expect(await admin(words)).toEqual({ code: 2, output: "", error: expect.stringMatching(says) });
  });

  it.each([
    [{ UPSTASH_REDIS_REST_URL: "http://localhost:9" }, "store_unavailable"],
    [{ STORAGE_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64") }, "store_key_unknown"],
  ])("says by its reason what the store does not give: %j", async (variables, reason) => {
    await client.signIn("ada");
    expect(await admin(["people"], "", variables)).toEqual({
      code: 2,
      output: "",
      error: expect.stringMatching(`^That could not be done: ${reason}\\.\n\n.*operations\\.md`),
    });
  });
});
