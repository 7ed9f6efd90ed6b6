/**
 * Permissions as boxes to tick, by what can happen: what only reads, what changes something, and
 * apart from both what can delete. Facts go in; fields named `permission` come out, one named
 * `deleting` that unticks all that can delete together, and `hour` for what is to end by itself.
 */
import { printable } from "./printable.ts";
import { hasDeletingSwitch } from "./ticked.ts";
import { type Effect, groupByEffect, type PermissionFacts, type ToolSummary } from "./scope.ts";

/** A permission and how its box stands. */
export interface Choice extends PermissionFacts {
  readonly isTicked: boolean;
  /** It was not allowed to this application before. */
  readonly isNew?: boolean;
}

/** More than these are folded. */
const MOST_UNFOLDED = 6;

/** Of more permissions than these, each tells its tools by their titles alone. */
const MOST_EXPLAINED = 40;

/** What each effect is called, everywhere. */
export const EFFECT_NAMES: Readonly<Record<Effect, string>> = {
  reads: "Read only",
  changes: "Makes changes",
  deletes: "Can delete or overwrite",
};

/** A fieldset for each group. `idPrefix` tells apart the forms of one page. */
export function PermissionChoice({
  choices,
  idPrefix = "",
  mayEnd = false,
}: {
  choices: readonly Choice[];
  idPrefix?: string;
  /** Whether each group can be allowed for an hour. */
  mayEnd?: boolean;
}) {
  const withSwitch = hasDeletingSwitch(choices);
  return (
    <>
      {groupByEffect(choices).map(({ effect, permissions }) => (
        <fieldset class={`group ${effect}`}>
          <legend>
            {EFFECT_NAMES[effect]} <span class="count">{permissions.length}</span>
          </legend>
          {effect === "deletes" && withSwitch && (
            <div class="tick all">
              <input
                type="checkbox"
                id={`${idPrefix}deleting`}
                name="deleting"
                value="yes"
                checked
              />
              <label for={`${idPrefix}deleting`}>
                Allow what is ticked below. Untick this to allow none of it.
              </label>
            </div>
          )}
          <Ticks
            choices={permissions}
            idPrefix={idPrefix}
            isBrief={choices.length > MOST_EXPLAINED}
          />
          {mayEnd && <HourOnly effect={effect} id={`${idPrefix}hour-${effect}`} />}
        </fieldset>
      ))}
    </>
  );
}

interface TicksFacts {
  readonly choices: readonly Choice[];
  readonly idPrefix: string;
  readonly isBrief: boolean;
}

/** What is new comes first: it is what the page asks about, and not folded with what is not. */
function Ticks({ choices, ...shown }: TicksFacts) {
  const fresh = choices.filter(({ isNew }) => isNew);
  const others = choices.filter(({ isNew }) => !isNew);
  if (fresh.length === 0 || others.length === 0)
    return <TickList what={`All ${choices.length}, one by one`} choices={choices} {...shown} />;
  return (
    <>
      <TickList what={`All ${fresh.length} new ones`} choices={fresh} {...shown} />
      <TickList what={`The other ${others.length}`} choices={others} {...shown} />
    </>
  );
}

function TickList({ choices, what, idPrefix, isBrief }: TicksFacts & { what: string }) {
  return (
    <Folded count={choices.length} what={what}>
      <div class="ticks">
        {choices.map((choice) => (
          <Tick choice={choice} id={idOf(idPrefix, choice.name)} isBrief={isBrief} />
        ))}
      </div>
    </Folded>
  );
}

function HourOnly({ effect, id }: { effect: Effect; id: string }) {
  return (
    <div class="tick hour">
      <input type="checkbox" id={id} name="hour" value={effect} />
      <label for={id}>All of these for one hour only</label>
    </div>
  );
}

/** Permissions that are told, not asked. */
export function PermissionList({ permissions }: { permissions: readonly PermissionFacts[] }) {
  return (
    <>
      {groupByEffect(permissions).map((group) => (
        <div class={`group ${group.effect}`}>
          <p class="legend">
            {EFFECT_NAMES[group.effect]} <span class="count">{group.permissions.length}</span>
          </p>
          <Folded count={group.permissions.length} what={`All ${group.permissions.length}`}>
            <ul>
              {group.permissions.map(({ sentence }) => (
                <li>{sentence}</li>
              ))}
            </ul>
          </Folded>
        </div>
      ))}
    </>
  );
}

function Tick({ choice, id, isBrief }: { choice: Choice; id: string; isBrief: boolean }) {
  const { name, sentence, tools, isTicked, isNew } = choice;
  return (
    <div class="tick">
      <input type="checkbox" id={id} name="permission" value={name} checked={isTicked} />
      <div>
        <label for={id}>
          {sentence}
          {isNew && (
            <>
              {" "}
              <span class="new">New</span>
            </>
          )}
        </label>
        {isBrief ? <Titles tools={tools} /> : <Opened tools={tools} />}
      </div>
    </div>
  );
}

function Titles({ tools }: { tools: readonly ToolSummary[] }) {
  return <p class="opened">{tools.map(({ title }) => printable(title, 100)).join(", ")}</p>;
}

function Opened({ tools }: { tools: readonly ToolSummary[] }) {
  if (tools.length === 0) return <></>;
  return (
    <Folded count={tools.length} what={`The ${tools.length} tools it opens`}>
      <ul class="opened">
        {tools.map((tool) => (
          <li>
            <b>{printable(tool.title, 100)}</b>: {printable(tool.description, 300)}
            {tool.permissions.length > 1 && " Needs more than this permission."}
          </li>
        ))}
      </ul>
    </Folded>
  );
}

/** Open when it is short. */
export function Folded({
  count,
  what,
  children,
}: {
  count: number;
  what: string;
  children: import("hono/jsx").Child;
}) {
  if (count <= MOST_UNFOLDED) return <>{children}</>;
  return (
    <details class="fold">
      <summary>{what}</summary>
      {children}
    </details>
  );
}

function idOf(prefix: string, name: string): string {
  return `${prefix}may-${name.replace(/[^\w-]/g, (character) => `.${character.codePointAt(0)}`)}`;
}
