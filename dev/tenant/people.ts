/**
 * The three people of the local tenant and what they may do. Names go in, people and permissions
 * come out. Their subjects are the awkward ones real tenants have; nobody here is real. A test of
 * many people adds a crowd, who hold every permission and have no button of their own.
 */

export type PersonKey = KnownPerson | `p${number}`;

type KnownPerson = "ada" | "rob" | "eve";

export interface Person {
  readonly key: PersonKey;
  readonly sub: string;
  readonly profile: Readonly<Record<"name" | "nickname" | "picture" | "updated_at", string>>;
  readonly email: string;
}

export const PEOPLE: Readonly<Record<KnownPerson, Person>> = {
  ada: createPerson("ada", "Ada Byrne", "auth0|64f0c0ffee0000000000ada1"),
  rob: createPerson("rob", "Rob Stone", "google-oauth2|115015401343387192604"),
  eve: createPerson("eve", "Eve Novak", "samlp|acme|urn:eve:none@acme.test"),
};

/** An organization of the tenant, however it was named. */
export interface Organization {
  readonly id: string;
  readonly name: string;
}

/** Named by its id or by its name; there are as many as are asked for. */
export function organizationOf(named: string): Organization {
  const name = named.replace(/^org_/, "");
  return { id: `org_${name}`, name };
}

/** Ada and the crowd are members of every organization, Rob of `acme`, Eve of none. */
export function isMember({ key }: Person, { name }: Organization): boolean {
  return key === "rob" ? name === "acme" : key !== "eve";
}

/** Who may do what at this moment; the part of the tenant an administrator would change. */
export interface Directory {
  find(key: string): Person | undefined;
  findBySubject(sub: string): Person | undefined;
  /**
   * What may be granted at all: the permissions of the API, and any that somebody was given since.
   */
  allPermissions(): readonly string[];
  permissionsOf(person: Person): readonly string[];
  setPermissions(key: PersonKey, permissions: readonly string[]): void;
  block(key: PersonKey): void;
  isBlocked(person: Person): boolean;
  /** Everybody as at the start. */
  clear(): void;
}

/** A directory in which Ada holds every permission, Rob one and Eve none; and a crowd, if asked. */
export function createDirectory(permissions: readonly string[], crowd = 0): Directory {
  const everybody = [...Object.values(PEOPLE), ...Array.from({ length: crowd }, createMember)];
  const byKey = new Map(everybody.map((person) => [String(person.key), person]));
  const bySubject = new Map(everybody.map((person) => [person.sub, person]));
  const held = new Map<PersonKey, readonly string[]>();
  const blocked = new Set<PersonKey>();
  const clear = (): void => {
    for (const { key } of everybody) held.set(key, permissions);
    held.set("rob", ["tool:get_user_info"]).set("eve", []);
    blocked.clear();
  };
  clear();
  return {
    find: (key) => byKey.get(key),
    findBySubject: (sub) => bySubject.get(sub),
    allPermissions: () => [...new Set([...permissions, ...[...held.values()].flat()])],
    permissionsOf: (person) => held.get(person.key) ?? [],
    setPermissions: (key, list) => void held.set(key, list),
    block: (key) => void blocked.add(key),
    isBlocked: (person) => blocked.has(person.key),
    clear,
  };
}

/** p1, p2, … */
function createMember(_: unknown, index: number): Person {
  const number = index + 1;
  return createPerson(`p${number}`, `Person ${number}`, `auth0|crowd${number}`);
}

function createPerson(key: PersonKey, name: string, sub: string): Person {
  return {
    key,
    sub,
    profile: {
      name,
      nickname: key,
      picture: `https://cdn.auth0.com/avatars/${key.slice(0, 2)}.png`,
      updated_at: "2026-01-15T09:30:00.000Z",
    },
    email: `${key}@acme.test`,
  };
}
