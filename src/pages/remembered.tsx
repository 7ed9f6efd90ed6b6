/**
 * What tools remember of a person, with a form to erase it. Counts go in, HTML comes out; what was
 * remembered is never shown.
 */
import { printable } from "./printable.ts";
import { UtcTime } from "./time.tsx";

/** What one tool, or several that share it, keeps. */
export interface Remembered {
  /** The name under which it is kept. */
  readonly tool: string;
  readonly titles: readonly string[];
  readonly count: number;
  /** When the last of it ends by itself, in epoch seconds. */
  readonly until: number;
}

interface RememberedFacts {
  readonly remembered: readonly Remembered[];
  readonly csrf: string;
  readonly action: string;
}

/** The section; nothing when nothing is remembered. */
export function RememberedSection({ remembered, csrf, action }: RememberedFacts) {
  if (remembered.length === 0) return <></>;
  return (
    <section>
      <h2>What tools remember of you</h2>
      <p class="quiet">
        Kept sealed, for you and the tool, whichever application calls it. What you erase is gone at
        once.
      </p>
      <ul class="rows">
        {remembered.map(({ tool, titles, count, until }) => (
          <li class="split">
            <div>
              <b>{titles.map((title) => printable(title, 100)).join(", ")}</b>
              <p class="small quiet">
                {count === 1 ? "1 thing" : `${count} things`}, until <UtcTime at={until} />
              </p>
            </div>
            <EraseForm csrf={csrf} action={action} tool={tool}>
              Erase<span class="unseen"> what {printable(titles[0] ?? tool, 100)} remembers</span>
            </EraseForm>
          </li>
        ))}
      </ul>
      {remembered.length > 1 && (
        <EraseForm csrf={csrf} action={action}>
          Erase all of it
        </EraseForm>
      )}
    </section>
  );
}

function EraseForm({
  csrf,
  action,
  tool,
  children,
}: {
  csrf: string;
  action: string;
  tool?: string;
  children: import("hono/jsx").Child;
}) {
  return (
    <form method="post" action={action}>
      <input type="hidden" name="csrf" value={csrf} />
      <input type="hidden" name="do" value="erase" />
      {tool !== undefined && <input type="hidden" name="tool" value={tool} />}
      <button class="button slim">{children}</button>
    </form>
  );
}
