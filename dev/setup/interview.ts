/**
 * The conversation: questions, and whoever answers them, go in; variables come out. Each answer is
 * judged at once by the doctor's own checks. What a file has already is kept, and no key is made
 * twice.
 */
import { randomBytes } from "node:crypto";
import { examine, type Finding } from "../doctor/check.ts";
import { CHECKS } from "../doctor/checks.ts";
import { createSubject } from "../doctor/subject.ts";
import { KEYS, type Question, QUESTIONS } from "./questions.ts";

export type Variables = Readonly<Record<string, string>>;

/** Somebody at a terminal, or a test. */
export interface Person {
  /** An answer; `undefined` when nothing was said. */
  ask(question: Question, known: string | undefined): Promise<string | undefined>;
  confirm(text: string): Promise<boolean>;
  tell(text: string): void;
}

export interface Interview {
  readonly person: Person;
  /** What the file or the environment has already. */
  readonly known: Variables;
  readonly isForDeployment: boolean;
  /** What has been asked before. */
  readonly hasAnswered?: readonly string[];
  /** Permissions that the tools require. */
  readonly permissions: readonly string[] | undefined;
}

/** Well-formed values for what has not been asked yet, so that a part can be judged by itself. */
const PROVISIONAL: Variables = {
  AUTH0_DOMAIN: "tenant.invalid",
  AUTH0_CLIENT_ID: "client",
  AUTH0_CLIENT_SECRET: "secret",
  AUTH0_AUDIENCE: "audience",
  UPSTASH_REDIS_REST_URL: "https://store.invalid",
  UPSTASH_REDIS_REST_TOKEN: "token",
};

/** Asks until every answer is right, or is to be kept all the same. */
export async function interview(options: Interview): Promise<Variables> {
  let variables: Variables = withKeys(options.known);
  for (const question of QUESTIONS) {
    if (question.isForDeployment && !options.isForDeployment) continue;
    if (options.hasAnswered?.includes(question.variable)) continue;
    const answer = await askUntilRight(question, variables, options);
    const { [question.variable]: _, ...others } = variables;
    variables = answer === undefined ? others : { ...others, [question.variable]: answer };
  }
  return variables;
}

/** Keys of 32 random bytes where there are none yet: another key would log everybody out. */
export function withKeys(known: Variables): Variables {
  const made = KEYS.filter((name) => !known[name]).map((name) => [
    name,
    randomBytes(32).toString("base64"),
  ]);
  return { ...known, ...Object.fromEntries(made) };
}

async function askUntilRight(
  question: Question,
  variables: Variables,
  options: Interview,
): Promise<string | undefined> {
  const { person } = options;
  const answer = readAnswer(question, await person.ask(question, variables[question.variable]));
  if (!answer) {
    if (question.isOptional) return undefined;
    person.tell(`✗ ${question.variable} is needed.`);
    return askUntilRight(question, variables, options);
  }
  const wrong = (
    await judge(question, { ...variables, [question.variable]: answer }, options)
  ).filter(({ status }) => status === "failure" || status === "warning");
  for (const { status, says, fix } of wrong)
    person.tell(
      `${status === "failure" ? "✗" : "!"} ${says}${fix === undefined ? "" : `\n  → ${fix}`}`,
    );
  const isWrong = wrong.some(({ status }) => status === "failure");
  if (!isWrong || (await person.confirm("Keep it all the same?"))) return answer;
  return askUntilRight(question, variables, options);
}

/** As it was meant: people paste a line of a file, quotes and all. */
export function readAnswer({ variable }: Question, answer = ""): string {
  const value = answer.trim().replace(new RegExp(`^(?:export +)?${variable} *= *`), "");
  return value.replace(/^(["'`])(.*)\1$/, "$2").trim();
}

/** The doctor's findings about one answer. */
async function judge(
  { checks }: Question,
  variables: Variables,
  { isForDeployment, permissions }: Interview,
): Promise<readonly Finding[]> {
  const base = isForDeployment ? { RESOURCE_BASE_URL: "https://base.invalid" } : {};
  const subject = createSubject({
    variables: { ...base, ...PROVISIONAL, ...variables },
    file: "",
    url: undefined,
    isForDeployment,
    login: undefined,
    client: undefined,
    looksAtDirectories: false,
    environmentName: undefined,
    tools: undefined,
    permissions,
    managementToken: undefined,
  });
  return examine(
    CHECKS.filter(({ id }) => checks.includes(id)),
    subject,
  );
}
