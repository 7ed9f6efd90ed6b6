/**
 * What we know of a person for as long as they are signed in at our own pages: who they are and what
 * they hold, as the identity provider said. It lies sealed in the store under the name of their
 * cookie, so that the cookie says nothing about them.
 */
import * as z from "zod";
import type { SignIn } from "../grants/freshness.ts";
import type { Identity } from "../identity/provider.ts";
import { hashText } from "../keys.ts";
import { type Profile, readProfile } from "../pages/person.tsx";
import type { Parts } from "../parts.ts";
import type { UnitOfWork } from "../storage/unit-of-work.ts";
import { type Person, SESSION_SECONDS } from "./person.ts";

const sessionSchema = z.object({
  profile: z.record(z.string(), z.unknown()),
  /** Of the permissions that something here asks for. */
  held: z.array(z.string()).readonly(),
  signIn: z
    .object({ at: z.int().exactOptional(), mfaAt: z.int().exactOptional() })
    .readonly()
    .default({}),
});

export interface PersonFacts {
  readonly profile: Profile;
  readonly held: readonly string[];
  /** When they did so, and how. */
  readonly signIn: SignIn;
}

/** Keeps what is known as long as the cookie lives. */
export async function putSession(
  work: UnitOfWork,
  { person, identity }: { readonly person: Person; readonly identity: Identity },
  { permissions }: Parts,
): Promise<void> {
  const { name, nickname, email, picture } = identity.profile;
  const holds = new Set(identity.tokens.permissions);
  const session = {
    profile: { name, nickname, email, picture },
    held: permissions.filter((permission) => holds.has(permission)),
    signIn: identity.signIn,
  };
  work.create(await sessionName(person), JSON.stringify(session), SESSION_SECONDS);
}

/** What is known; nothing of a person whose session another version of us began. */
export async function readSession(
  work: UnitOfWork,
  person: Person,
): Promise<PersonFacts | undefined> {
  const text = await work.get(await sessionName(person));
  const session = text === undefined ? undefined : sessionSchema.safeParse(JSON.parse(text)).data;
  return session && { ...session, profile: readProfile(session.profile) };
}

/** The name of the record. */
export async function sessionName({ token }: Person): Promise<string> {
  return `person-session:${await hashText(`session\n${token}`)}`;
}
