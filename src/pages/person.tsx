/**
 * A person, as they know themselves. The profile that the identity provider gave goes in; name,
 * address and picture come out. The picture is the one thing of a page that may come from elsewhere.
 */
import * as z from "zod";
import { printable } from "./printable.ts";

export interface Profile {
  readonly name: string;
  readonly email?: string | undefined;
  /** An https URL. */
  readonly picture?: string | undefined;
}

const claimsSchema = z.object({
  name: z.string().optional().catch(undefined),
  nickname: z.string().optional().catch(undefined),
  email: z.string().optional().catch(undefined),
  picture: z
    .url({ protocol: /^https$/ })
    .max(1000)
    .regex(/^[^\s;,'"]+$/)
    .optional()
    .catch(undefined),
});

/** What a page shows of the claims of OpenID Connect Core 1.0 §5.1; each may be missing or odd. */
export function readProfile(claims: Readonly<Record<string, unknown>>): Profile {
  const { name, nickname, email, picture } = claimsSchema.parse(claims);
  const shown = [name, nickname, email].map((text) => printable(text ?? "", 80));
  return {
    name: shown.find((text) => text !== "") ?? "Somebody without a name",
    ...(email === undefined ? {} : { email: printable(email, 120) }),
    ...(picture === undefined ? {} : { picture }),
  };
}

/** Picture, name and address in a line; initials stand where a picture does not come. */
export function PersonLine({ profile }: { profile: Profile }) {
  const { name, email, picture } = profile;
  return (
    <div class="person">
      <span class="portrait" aria-hidden="true">
        {initialsOf(name)}
        {picture !== undefined && <img src={picture} alt="" referrerpolicy="no-referrer" />}
      </span>
      <span>
        <b>
          <bdi>{name}</bdi>
        </b>
        {email !== undefined && email !== name && (
          <span class="small quiet block">
            <bdi>{email}</bdi>
          </span>
        )}
      </span>
    </div>
  );
}

function initialsOf(name: string): string {
  const words = name.split(" ").filter((word) => /^\p{L}/u.test(word));
  const [first = "", last = ""] = [words[0], words.length > 1 ? words.at(-1) : ""];
  return [first, last]
    .map((word) => [...word][0] ?? "")
    .join("")
    .toUpperCase();
}
