/**
 * What every client must do with us: from a URL to an answer, on through a day and through what can
 * go wrong, as far as it goes by itself.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Place, preparePlace } from "./place.ts";

/** A client that is set up for one server. Each throws when the client says that it failed. */
export interface Session {
  /** Signs in, where that is a step of its own. */
  signIn?(): Promise<string>;
  /** What it shows when it has reached the server. */
  list(): Promise<string>;
  /** What it shows of the answer of `get_user_info`. Some call no tool without a model. */
  call?(): Promise<string>;
  close?(): Promise<void>;
  /** What its person must do first when the server has forgotten it. */
  startOver?(): Promise<unknown>;
}

export interface Driver {
  /** As docs/clients.md has it. */
  readonly name: string;
  /** In which npm package it comes. */
  readonly package: string;
  readonly registersBy: "registration" | "document";
  /** It would not register where a document will do: our metadata hides that one will. */
  readonly needsNoDocuments?: boolean;
  /** False when its commands sign in and never connect: that much is proven, and no more. */
  readonly connects?: boolean;
  readonly open: (place: Place) => Promise<Session> | Session;
  /** What `list` shows when it worked. */
  readonly shows?: RegExp;
  /** It asks for the browser where it need not: pinned here, with the reason. */
  readonly signsInAgainWhenExpired?: string;
}

/** An access token is over by then, and Auth0's with it. */
const LATER_SECONDS = 3700;
const DENIED = /access_denied|access denied|denied|declined/i;
const PERSON = /rob@acme\.test/;

/** Declares the tests of one client. */
export function prove(driver: Driver): void {
  const { name, connects = true, shows = /get_user_info/ } = driver;
  describe(name, () => {
    let place: Place;
    let session: Session;
    const visits = () => place.browser.visits.length;
    /** As far as it goes. */
    const use = async (): Promise<void> => {
      if (session.call === undefined) expect(await session.list()).toMatch(shows);
      else expect(await session.call()).toMatch(PERSON);
    };

    beforeAll(async () => {
      place = await preparePlace(driver.needsNoDocuments ? { TEST_HIDE_DOCUMENTS: "true" } : {});
      session = await driver.open(place);
    });
    afterAll(async () => {
      await session.close?.();
      await place.leave();
    });

    it("signs in by the address alone, and lists the tools", async () => {
      await session.signIn?.();
      expect(await session.list()).toMatch(shows);
      expect(visits()).toBe(1);
      const clientId = place.browser.visits[0]?.searchParams.get("client_id") ?? "";
      expect(clientId.startsWith("https://")).toBe(driver.registersBy === "document");
      expectDocumented(driver, place.browser.visits[0]?.searchParams.get("redirect_uri") ?? "");
    });

    if (connects)
      it("calls a tool, as far as it can without a model", async () => {
        await use();
        expect(visits()).toBe(1);
      });

    if (connects)
      it("goes on when its access token has expired", async () => {
        await place.wait(LATER_SECONDS);
        await use();
        expect(visits()).toBe(driver.signsInAgainWhenExpired === undefined ? 1 : 2);
      });

    it("finds its way back when the store forgot everything", async () => {
      const before = visits();
      await place.house.store.flush();
      await place.wait(LATER_SECONDS);
      await session.startOver?.();
      await session.signIn?.();
      await use();
      expect(visits()).toBe(before + 1);
    });

    it("says so when the person declines, here or in the browser", async () => {
      await place.house.store.flush();
      await place.wait(LATER_SECONDS);
      await session.startOver?.();
      place.browser.person = "deny";
      const failure = await (session.signIn ?? session.list)().then(
        () => "it did not fail",
        (error: unknown) => String(error),
      );
      expect(`${failure} ${place.browser.shown}`).toMatch(DENIED);
    });
  });
}

/** The row of this client says which version this was, how it registers and where it is sent back. */
function expectDocumented({ name, package: from, registersBy }: Driver, redirectUri: string): void {
  const root = join(import.meta.dirname, "../../..");
  const { dependencies } = JSON.parse(
    readFileSync(join(root, "test/clients/package.json"), "utf8"),
  );
  const rows = readFileSync(join(root, "docs/clients.md"), "utf8").split("\n");
  const row = rows.find((line) => line.startsWith(`| ${name} |`)) ?? "";
  const callback = redirectUri.replace(/:\d+\//, ":PORT/");
  expect(row).toContain(`| ${dependencies[from]} | ${registersBy} | \`${callback}\` |`);
}
