/**
 * Text that a stranger chose, made fit to be shown. Any string goes in; a short one without
 * invisible, reordering or stacking characters comes out. Escaping is not done here: JSX does it.
 */

/**
 * Controls, bidirectional overrides, private use, and everything a font shows as nothing. The
 * joiners and the emoji selector stay: Persian and family emoji are written with them.
 */
const UNPRINTABLE =
  /[[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}]--[\u200C\u200D\uFE0F]]+/gv;

/** More than two marks on one letter climb over the neighbouring lines. */
const STACKED_MARKS = /(\p{M}{2})\p{M}+/gu;

/** The text on one line, at most `mostCharacters` long; empty when nothing visible is left. */
export function printable(text: string, mostCharacters: number): string {
  // Cut first: a megabyte is not worth five passes.
  const line = text
    .slice(0, mostCharacters * 8)
    .replace(/\s/gu, " ")
    .replace(UNPRINTABLE, "")
    .replace(STACKED_MARKS, "$1")
    .replace(/ +/g, " ")
    .trim();
  const characters = [...line];
  if (characters.length <= mostCharacters) return line;
  return `${characters
    .slice(0, mostCharacters - 1)
    .join("")
    .trimEnd()}…`;
}

/** How an application is called on our pages. It chose the name itself. */
export function applicationName(name: string): string {
  return printable(name, 64) || "An application without a name";
}
