/**
 * A person answers what a tool asked through an application that cannot ask, or signs in again where a
 * tool wants that. The cookie of the signed-in person and the form of the page come in; the answer is
 * kept for the same call, the sign-in for the grant. Nobody sees or answers what another was asked.
 */
import * as z from "zod";
import { readOwnForm } from "../edge/form.ts";
import { Refusal } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import {
  type Approval,
  APPROVAL_TTL_SECONDS,
  approvalName,
  type Question,
  loadApproval,
} from "../grants/approval.ts";
import { listConnections } from "../grants/connections.ts";
import {
  describeWanted,
  type Freshness,
  isFresh,
  newest,
  type SignIn,
} from "../grants/freshness.ts";
import { changeGrant } from "../grants/narrowing.ts";
import { createToolRecords } from "../grants/tool-records.ts";
import {
  AnsweredPage,
  ApprovalPage,
  ApprovalSignInPage,
  type Field,
  FreshSignInPage,
} from "../pages/approval.tsx";
import { renderPage } from "../pages/layout.tsx";
import type { Parts } from "../parts.ts";
import { checkForm, type Person, proveForm, readPerson } from "./person.ts";
import { readSession } from "./session.ts";

const PATH = /^\/approve\/([\da-f]{64})$/;

/** Whether a path is that of an approval: where a sign-in may lead back to. */
export function isApprovalPath(path: string): boolean {
  return PATH.test(path);
}

/** GET `/approve/:id`. */
export async function showApproval(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  const person = await readPerson(request, parts);
  if (person === undefined) {
    const wanted = (await readAt(pathname, parts)).approval?.wanted;
    const signInHref = signInAgain(pathname, wanted ?? { mfa: false });
    return renderPage(ApprovalSignInPage({ signInHref }), parts.look);
  }
  exchange.note({ user: person.userId });
  const { approval } = await findApproval(pathname, person, parts);
  const { wanted } = approval;
  if (wanted !== undefined && !isFresh(wanted, await signInOf(person, parts), parts.now())) {
    const page = FreshSignInPage({
      tool: approval.tool,
      wanted: describeWanted(wanted),
      signInHref: signInAgain(pathname, wanted),
    });
    return renderPage(page, parts.look);
  }
  const connections = await listConnections(parts.beginWork(), person.userId);
  const page = ApprovalPage({
    tool: approval.tool,
    clientName: connections.find(({ grantId }) => grantId === approval.grantId)?.clientName,
    ...(wanted && { remark: "You have signed in for this." }),
    questions: approval.questions.map((question) => ({
      message: question.message,
      url: webUrl(question.url),
      fields: isYesOrNo(question) ? [] : fieldsOf(question),
    })),
    csrf: await proveForm(person),
    action: pathname,
  });
  return renderPage(page, parts.look);
}

/** POST `/approve/:id`: keeps the answer, which the same call then finds. */
export async function takeApproval(
  request: Request,
  exchange: Exchange,
  parts: Parts,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  const form = await readOwnForm(request, parts.config.issuer);
  const person = await readPerson(request, parts);
  if (person === undefined) return showApproval(request, exchange, parts);
  exchange.note({ user: person.userId });
  await checkForm(form, person);
  const { id, approval } = await findApproval(pathname, person, parts);
  const isAccepted = form.get("decision") === "accept";
  if (approval.wanted !== undefined) {
    if (isAccepted) await takeSignIn({ approval, person }, parts);
    await createToolRecords(parts.vault).write([{ delete: approvalName(id) }]);
    exchange.note({ outcome: isAccepted ? "approved" : "declined" });
    return renderPage(AnsweredPage({ isAccepted, isSignIn: true }), parts.look);
  }
  const answers = approval.questions.map(
    (question) => [question.name, answerOf(question, form, isAccepted)] as const,
  );
  const answered: Approval = {
    ...approval,
    answers: { ...approval.answers, ...Object.fromEntries(answers) },
    isAnswered: true,
  };
  await createToolRecords(parts.vault).write([
    { put: approvalName(id), text: JSON.stringify(answered), ttlSeconds: APPROVAL_TTL_SECONDS },
  ]);
  exchange.note({ outcome: isAccepted ? "approved" : "declined" });
  return renderPage(AnsweredPage({ isAccepted }), parts.look);
}

/** Where the person signs in, as recently and strongly as it takes. */
function signInAgain(pathname: string, { maxAgeSeconds, mfa }: Freshness): string {
  const query = new URLSearchParams({ to: pathname });
  if (maxAgeSeconds !== undefined) query.set("max_age", String(maxAgeSeconds));
  if (mfa) query.set("mfa", "true");
  return `/connections/sign-in?${query.toString()}`;
}

async function signInOf(person: Person, parts: Parts): Promise<SignIn> {
  return (await readSession(parts.beginWork(), person))?.signIn ?? {};
}

/** Notes the sign-in of this browser at the grant that asked for it, if it is good enough. */
async function takeSignIn(
  {
    approval: { userId, grantId, wanted = { mfa: false } },
    person,
  }: { readonly approval: Approval; readonly person: Person },
  parts: Parts,
): Promise<void> {
  const signIn = await signInOf(person, parts);
  if (!isFresh(wanted, signIn, parts.now())) throw new Refusal("approval_unknown");
  await changeGrant(parts.beginWork(), parts, {
    grant: { userId, grantId },
    change: (record) => ({ ...record, signIn: newest(record.signIn ?? {}, signIn) }),
  });
}

/** What was asked at this address, of this person, and not answered yet. */
async function findApproval(
  pathname: string,
  { userId }: Person,
  parts: Parts,
): Promise<{ readonly id: string; readonly approval: Approval }> {
  const { id, approval } = await readAt(pathname, parts);
  if (approval?.userId !== userId || approval.isAnswered) throw new Refusal("approval_unknown");
  return { id, approval };
}

/** What lies at this address, whoever it is for. */
async function readAt(pathname: string, parts: Parts) {
  const [, id] = PATH.exec(pathname) ?? [];
  if (id === undefined) throw new Refusal("approval_unknown");
  return { id, approval: await loadApproval(createToolRecords(parts.vault), id, parts.now()) };
}

const propertySchema = z.object({
  type: z.string().catch("string"),
  title: z.string().optional().catch(undefined),
  description: z.string().optional().catch(undefined),
  enum: z.array(z.string()).optional().catch(undefined),
});

function fieldsOf({ name, properties, required }: Question): readonly Field[] {
  return Object.entries(properties).map(([key, property]) => {
    const { type, title, description, enum: choices } = propertySchema.parse(property);
    const kind = choices === undefined ? kindOf(type) : "choice";
    return {
      name: `${name}.${key}`,
      label: title ?? asWords(key),
      description,
      kind,
      choices: choices ?? [],
      isRequired: required.includes(key),
    };
  });
}

/** A member's name as a label: `guestCount` and `guest_count` are “Guest count”. */
function asWords(name: string): string {
  const words = name.replaceAll(/[_-]+/g, " ").replaceAll(/([a-z\d])([A-Z])/g, "$1 $2");
  return words.charAt(0).toUpperCase() + words.slice(1).toLowerCase();
}

function kindOf(type: string): "text" | "number" | "integer" | "boolean" {
  return type === "number" || type === "integer" || type === "boolean" ? type : "text";
}

/** The answer as a client would have sent it (MCP, client/elicitation). */
function answerOf(question: Question, form: URLSearchParams, isAccepted: boolean): unknown {
  if (!isAccepted) return { action: "decline" };
  const content: Record<string, unknown> = {};
  if (isYesOrNo(question)) return { action: "accept", content: agreed(question) };
  for (const { name, kind } of fieldsOf(question)) {
    const value = valueOf(form.get(name), kind);
    if (value !== undefined) content[name.slice(question.name.length + 1)] = value;
  }
  return { action: "accept", content };
}

/** A single box to mark is what the two buttons say. */
function isYesOrNo(question: Question): boolean {
  return (
    fieldsOf(question).every(({ kind }) => kind === "boolean") && fieldsOf(question).length < 2
  );
}

function agreed({ properties }: Question): Readonly<Record<string, boolean>> {
  return Object.fromEntries(Object.keys(properties).map((name) => [name, true]));
}

/** The address came from a tool: it may lead to a website, and nowhere else. */
function webUrl(url: string | undefined): string | undefined {
  return /^https?:$/.test(URL.parse(url ?? "")?.protocol ?? "") ? url : undefined;
}

/** An empty field is an absent answer; a box without its mark says no. */
function valueOf(text: string | null, kind: Field["kind"]): unknown {
  if (kind === "boolean") return text === "true";
  if (text === null || text === "") return undefined;
  return kind === "number" || kind === "integer" ? Number(text) : text;
}
