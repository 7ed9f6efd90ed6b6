/**
 * How every page looks, but for the colour of the site, which `look.ts` puts before it. Fixed text:
 * nothing that varies between requests may enter, or the hash in the content security policy would
 * not match and the style would not apply.
 */

/**
 * Light unless the reader prefers dark. Every pair of text and ground has a contrast of at least
 * 4.5 : 1.
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f3f5f7; --sheet: #fff; --sunk: #f3f5f7;
  --ink: #16212c; --quiet: #4c5a68; --line: #dbe1e7; --edge: #7b8895;
  --good: #0d6042; --warn: #7a4a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e141a; --sheet: #17202a; --sunk: #0e141a;
    --ink: #e9eef3; --quiet: #a7b4c1; --line: #2c3946; --edge: #75828f;
    --good: #7fd3ad; --warn: #f2cd7e;
  }
}
*, ::before, ::after { box-sizing: border-box; }
body {
  margin: 0; padding: 1.5rem 1rem 3rem; min-height: 100vh;
  background: var(--ground); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  -webkit-text-size-adjust: 100%;
}
.column { max-width: 33rem; margin: 0 auto; }
.column.wide { max-width: 52rem; }
.brand { display: flex; align-items: center; gap: .625rem; margin: 0 0 1rem; font-weight: 600; }
.brand svg, .brand img { flex: none; width: 1.75rem; height: 1.75rem; }
.sheet { background: var(--sheet); border: 1px solid var(--line); border-radius: 14px; padding: 1.25rem; }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; text-wrap: balance; }
h2 { margin: 0 0 .5rem; font-size: 1.0625rem; line-height: 1.35; }
h3 { margin: 0; font-size: 1rem; line-height: 1.4; }
p { margin: .5rem 0 0; }
ul, ol { margin: .5rem 0 0; padding-left: 1.25rem; }
li + li { margin-top: .375rem; }
section { margin-top: 1.75rem; }
a { color: var(--brand); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--brand); outline-offset: 2px; border-radius: 4px; }
.quiet { color: var(--quiet); }
.quiet b { color: var(--ink); }
.small { font-size: .875rem; }
code { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
.chip { padding: .1em .45em; border-radius: 5px; background: var(--sunk); border: 1px solid var(--line); }
pre { margin: .75rem 0 0; padding: .7rem .85rem; border: 1px solid var(--line); border-radius: 8px; background: var(--sunk); white-space: pre-wrap; }
.mcp-address { padding: .875rem 1rem; font-size: 1.125rem; }
pre code { user-select: all; -webkit-user-select: all; }
.who { margin: 1.25rem 0 0; padding: 1rem; border: 1px solid var(--line); border-radius: 10px; background: var(--sunk); }
.who dt { font-size: .875rem; }
.who dd + dt { margin-top: .875rem; }
.address { color: var(--quiet); }
.address b { color: var(--ink); display: inline-block; max-width: 100%; }
.remark { display: flex; gap: .5rem; margin-top: .25rem; font-size: .9375rem; line-height: 1.45; }
.remark svg { flex: none; width: 1.125rem; height: 1.125rem; margin-top: .125rem; }
section > .remark { margin-top: .625rem; }
.good { color: var(--good); }
.warn { color: var(--warn); }
fieldset { margin: 0; padding: .875rem 0; border: 0; border-top: 1px solid var(--line); min-width: 0; }
fieldset:last-of-type { border-bottom: 1px solid var(--line); }
legend { float: left; width: 100%; margin: 0; padding: 0; font-weight: 600; }
legend + * { clear: both; }
fieldset p, fieldset ul { margin-top: .125rem; }
fieldset input:not([type="checkbox"]), select {
  width: 100%; padding: .5rem .7rem; border: 1px solid var(--edge); border-radius: 8px;
  background: var(--sunk); color: var(--ink); font: inherit;
}
.group, fieldset.group, fieldset.group:last-of-type { margin: 1rem 0 0; padding: 0; border: 0; min-width: 0; }
.group legend, .legend { float: none; display: block; width: 100%; margin: 0; padding: 0 0 .375rem; font-size: .875rem; font-weight: 600; color: var(--quiet); border-bottom: 1px solid var(--line); }
.count { padding: .05em .5em; border-radius: 1em; background: var(--sunk); border: 1px solid var(--line); font-variant-numeric: tabular-nums; }
.group.deletes, fieldset.group.deletes { padding: .875rem .75rem; border: 1px solid var(--edge); border-radius: 10px; }
.deletes legend, .deletes .legend { color: var(--warn); border-bottom: 0; padding-bottom: 0; }
fieldset.deletes legend { float: left; padding-bottom: .375rem; }
fieldset.deletes legend + * { clear: both; }
.tick { display: grid; grid-template-columns: auto 1fr; gap: 0 .75rem; padding: .625rem 0 0; align-items: start; }
[type="checkbox"] { width: 1.25rem; height: 1.25rem; margin: 0; vertical-align: -.2em; accent-color: var(--brand); }
.tick input { margin: .175rem 0 0; }
.hour { font-size: .9375rem; color: var(--quiet); }
.tick label { display: block; cursor: pointer; }
.ticks .tick label { font-weight: 600; }
.all { padding-bottom: .5rem; border-bottom: 1px solid var(--line); }
.deletes:has(.all input:not(:checked)) .ticks { opacity: .6; }
.mark { display: inline-block; padding: .05em .5em; border-radius: 1em; border: 1px solid var(--line); background: var(--sunk); color: var(--quiet); font-size: .8125rem; font-weight: 600; }
.mark.deletes { color: var(--warn); border-color: currentColor; }
.new { display: inline-block; padding: .05em .5em; border-radius: 1em; font-size: .8125rem; background: var(--brand); color: var(--on-brand); }
.opened { margin: .125rem 0 0; padding: 0; list-style: none; font-size: .9375rem; color: var(--quiet); }
.opened li + li { margin-top: .125rem; }
.opened b { font-weight: 500; color: var(--ink); }
.fold { margin-top: .5rem; font-size: inherit; color: inherit; }
.always { margin: 1rem 0 0; padding-top: 1rem; border-top: 1px solid var(--line); }
.always dt { color: var(--ink); font-weight: 600; }
.always dd + dt { margin-top: .625rem; }
.remember { margin-top: 1.25rem; }
.account { margin-top: 1rem; padding: .75rem 1rem; border: 1px solid var(--line); border-radius: 10px; background: var(--sunk); align-items: center; }
.person { display: flex; gap: .75rem; align-items: center; min-width: 0; }
.portrait { position: relative; flex: none; display: grid; place-items: center; width: 2.5rem; height: 2.5rem; border-radius: 50%; overflow: hidden; background: var(--brand); color: var(--on-brand); font-weight: 600; }
.portrait img { position: absolute; max-width: 100%; max-height: 100%; }
.block { display: block; }
.inline select { width: auto; }
.inline { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
.as-link { padding: 0; border: 0; background: none; color: var(--brand); font: inherit; text-align: left; text-decoration: underline; text-underline-offset: .15em; cursor: pointer; }
form > p, h1 + p + form { margin-top: 1.25rem; }
.choice { display: grid; gap: .75rem; margin-top: 1.25rem; }
.button {
  display: block; width: 100%; padding: .75rem 1.25rem; border: 1px solid var(--edge); border-radius: 9px;
  background: transparent; color: var(--ink); font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer;
}
.button:hover { border-color: var(--ink); }
.button.main { background: var(--brand); border-color: var(--brand); color: var(--on-brand); }
.button.main:hover, .button.main:active { background: var(--brand-pressed); border-color: var(--brand-pressed); }
.button.slim { width: auto; padding: .4rem .9rem; font-size: .9375rem; }
details { margin-top: 1.25rem; font-size: .875rem; color: var(--quiet); }
summary { cursor: pointer; width: fit-content; }
.pairs { display: grid; grid-template-columns: auto 1fr; gap: .25rem .875rem; margin: .75rem 0 0; }
dt { color: var(--quiet); }
dd { margin: 0; }
.facts { font-size: .875rem; padding-top: 1rem; margin-top: 1.5rem; border-top: 1px solid var(--line); }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); margin: 0; padding: 0; list-style: none; }
.cards > li { margin: 0; padding: 1rem; border: 1px solid var(--line); border-radius: 10px; }
ul ul { list-style: disc; }
.rows p { margin-top: .125rem; }
.rows form > p { margin-top: 1rem; }
.cards .button { margin-top: .75rem; display: inline-block; }
.rows { margin: 0; padding: 0; list-style: none; }
p + .rows, fieldset > p { margin-top: 1rem; }
.rows > li { margin: 0; padding: 1rem 0; border-top: 1px solid var(--line); }
.rows > li:last-child { padding-bottom: 0; }
.split { display: flex; flex-wrap: wrap; gap: .75rem; justify-content: space-between; align-items: flex-start; }
.split > :first-child { flex: 1 1 14rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
nav { margin-top: 1rem; padding: 0 .25rem; }
.links { display: flex; flex-wrap: wrap; gap: 0 .35rem; margin: 0; padding: 0; list-style: none; }
.links li { margin: 0; }
.links li:not(:last-child)::after { content: " ·"; }
footer { margin-top: 1rem; padding: 0 .25rem; font-size: .875rem; color: var(--quiet); }
@media (min-width: 40rem) {
  body { padding-top: 3.5rem; }
  .sheet { padding: 2rem; }
  h1 { font-size: 1.75rem; }
  .choice { grid-template-columns: 1fr 1fr; }
}
`;
