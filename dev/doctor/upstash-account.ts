/**
 * The database as Upstash's Developer API describes it, when there is a key for it: plan, region,
 * eviction. The list of databases goes in, a verdict for each setting comes out. Only reads.
 */
import type { StoreConfig } from "../../src/config.ts";
import { isAnswer, isObject } from "./answers.ts";
import { type Check, failure, ok, skipped, type Verdict, warning } from "./check.ts";
import { UPSTASH_ACCOUNT } from "./own-variables.ts";
import type { Subject } from "./subject.ts";

type Fields = Readonly<Record<string, unknown>>;

const LIST_URL = "https://api.upstash.com/v2/redis/databases";

export const UPSTASH_CHECKS: readonly Check[] = [
  { id: "store-settings", area: "Store", needs: ["store"], examine: examineSettings },
];

async function examineSettings(subject: Subject): Promise<readonly Verdict[] | undefined> {
  const store = subject.config?.auth?.store;
  if (store === undefined) return undefined;
  const { upstashAccount: account } = subject;
  if (account === undefined) return [judgeUnread(store)];
  const answer = await subject.ask(LIST_URL, {
    headers: { Authorization: `Basic ${btoa(`${account.email}:${account.apiKey}`)}` },
  });
  const list = isAnswer(answer) && answer.status === 200 ? answer.json : undefined;
  if (!Array.isArray(list))
    return [
      failure(
        `Upstash's Developer API does not answer (${isAnswer(answer) ? answer.status : answer.failure})`,
        `Compare ${UPSTASH_ACCOUNT.join(" and ")} with Upstash → Account → Management API; an account made by Vercel or Fly has none.`,
      ),
    ];
  return judgeDatabase(findDatabase(list, store));
}

/** Which region, plan and eviction it has, only its owner's account tells. */
function judgeUnread({ url }: StoreConfig): Verdict {
  const region = /\/\/(us|eu|ap|sa|gusc|global|apn|aps|euc|euw|use|usw)\d*-/.exec(url)?.[1];
  return skipped(
    `region, plan and eviction of the database were not read${region === undefined ? "" : ` (its name says ${region})`}`,
    `Look at Upstash → your database, or set ${UPSTASH_ACCOUNT.join(" and ")} (Upstash → Account → Management API).`,
  );
}

function findDatabase(list: readonly unknown[], { url }: StoreConfig): Fields | undefined {
  const host = URL.parse(url)?.hostname;
  return list.filter(isObject).find(({ endpoint }) => endpoint === host);
}

/** What would drop sign-ins, bill twice, or end on some day of the month. */
export function judgeDatabase(database: Fields | undefined): readonly Verdict[] {
  if (database === undefined)
    return [
      failure(
        "this account has no database of that address",
        "UPSTASH_REDIS_REST_URL is of another account or team: compare it with Upstash → your database → REST API.",
      ),
    ];
  const wrong = [
    judgeState(database["state"]),
    judgeEviction(database["eviction"]),
    judgeRegions(database["read_regions"]),
    judgePlan(database),
  ].filter((verdict) => verdict !== undefined);
  const region = String(database["primary_region"] ?? database["region"] ?? "unknown");
  return [...wrong, ok(`the database is in ${region}: choose the one nearest to your people`)];
}

function judgeState(state: unknown): Verdict | undefined {
  if (state === undefined || state === "active") return undefined;
  return failure(
    `the database is ${/^[\w-]{1,32}$/.test(String(state)) ? String(state) : "not active"}`,
    "Upstash → your database → Restore; a free one is put away after 30 idle days.",
  );
}

function judgeEviction(eviction: unknown): Verdict | undefined {
  if (eviction !== true) return undefined;
  return failure(
    "the store drops records when it is full: Eviction is on",
    "Upstash → your database → Configuration: Eviction off.",
  );
}

function judgeRegions(regions: unknown): Verdict | undefined {
  if (!Array.isArray(regions) || regions.length === 0) return undefined;
  return warning(
    `the database has ${regions.length} read regions: each write is billed ${regions.length + 1} times`,
    "Upstash → your database → Regions: take them away; nearly every request here writes or asks for what was just written.",
  );
}

function judgePlan({ type, budget }: Fields): Verdict | undefined {
  if (type === "free")
    return warning(
      "the database is on the free plan: 500,000 commands a month, 256 MB, put away after 30 idle days",
      "Enough for about a thousand people an hour a day (docs/operations.md); Upstash → your database: Pay as You Go for more.",
    );
  if (typeof budget !== "number" || budget <= 0) return undefined;
  return warning(
    `the database stops for the month at a budget of $${budget}`,
    "Upstash → your database → Budget: what a thousand people cost is in docs/operations.md.",
  );
}
