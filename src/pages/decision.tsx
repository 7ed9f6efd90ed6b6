/** The two buttons of a page that asks: their words go in, `decision=allow` or `deny` is what the form sends. */

/** Both of one size: a no is as easy as a yes. */
export function Decision({ yes, no }: { yes: string; no: string }) {
  return (
    <div class="choice">
      <button class="button main" name="decision" value="allow">
        {yes}
      </button>
      <button class="button" name="decision" value="deny">
        {no}
      </button>
    </div>
  );
}
