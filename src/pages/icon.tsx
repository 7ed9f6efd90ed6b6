/**
 * The mark of this server: the logo of its site, or two things, connected, in the site's colour.
 * The same picture on the pages, in the browser's tab and in a client's list.
 */
import type { Site } from "../site-definition.ts";

type Marked = Pick<Site, "logo" | "colour">;

/** The mark, for a line of text. It says nothing that the words beside it do not. */
export function Mark({ logo, colour }: Marked) {
  if (logo !== undefined) return <img src="/favicon.svg" width="32" height="32" alt="" />;
  return <PlainMark colour={colour} />;
}

function PlainMark({ colour }: { colour: string }) {
  return (
    <svg
      xmlns="http://www.w3.org/2000/svg"
      viewBox="0 0 32 32"
      width="32"
      height="32"
      aria-hidden="true"
    >
      <rect width="32" height="32" rx="8" fill={colour} />
      <path d="M11 21 21 11" stroke="#fff" stroke-width="2.5" />
      <circle cx="10.5" cy="21.5" r="4.5" fill="#fff" />
      <circle cx="21.5" cy="10.5" r="3.25" fill={colour} stroke="#fff" stroke-width="2.5" />
    </svg>
  );
}

/** What `/favicon.svg` answers. */
export function renderIcon({ logo, colour }: Marked): Response {
  const headers = { "Content-Type": "image/svg+xml", "Cache-Control": "public, max-age=86400" };
  return new Response(logo ?? PlainMark({ colour }).toString(), { headers });
}
