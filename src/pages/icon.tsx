/**
 * The mark of this server: two things, connected. No input; the same picture on the pages and in
 * the browser's tab.
 */

/** The mark, for a line of text. It says nothing that the words beside it do not. */
export function Mark() {
  return (
    <svg
      xmlns="http://www.w3.org/2000/svg"
      viewBox="0 0 32 32"
      width="32"
      height="32"
      aria-hidden="true"
    >
      <rect width="32" height="32" rx="8" fill="#0b5489" />
      <path d="M11 21 21 11" stroke="#fff" stroke-width="2.5" />
      <circle cx="10.5" cy="21.5" r="4.5" fill="#fff" />
      <circle cx="21.5" cy="10.5" r="3.25" fill="#0b5489" stroke="#fff" stroke-width="2.5" />
    </svg>
  );
}

/** What `/favicon.svg` answers. */
export function renderIcon(): Response {
  const headers = { "Content-Type": "image/svg+xml", "Cache-Control": "public, max-age=86400" };
  return new Response(Mark().toString(), { headers });
}
