/**
 * The strings a test can pull: what an administrator, a network or a misconfiguration does to a
 * tenant, and what the tenant has seen. The tenant's parts go in, one object comes out; none of it
 * can be reached over HTTP.
 */
import type { AccountStore } from "./accounts.ts";
import type { Answers } from "./answers.ts";
import type { Changes, Dashboard } from "./dashboard.ts";
import type { Difference, Shape } from "./forgery.ts";
import type { Logout } from "./logout.ts";
import type { Machines } from "./machines.ts";
import type { Directory, PersonKey } from "./people.ts";
import type { Endpoint, Fault, Traffic } from "./traffic.ts";

export interface Control {
  /** How many requests came, whatever became of them. */
  count(endpoint: Endpoint): number;
  /** The traces that requests belonged to (`traceparent`), in the order in which they came. */
  traces(): readonly string[];
  /** The refresh tokens that `/oauth/revoke` has ended. */
  revokedRefreshTokens(): readonly string[];
  /** Accounts of people at other services that are connected. */
  connectedAccounts(): ReturnType<AccountStore["all"]>;
  /** What the endpoint does from now on. */
  fail(endpoint: Endpoint, fault: Fault): void;
  latency(endpoint: Endpoint, milliseconds: number): void;
  /** How token responses differ from honest ones, in place of any earlier shape. */
  shape(shape: Shape): void;
  /** An administrator has changed settings of the API, the application or the tenant. */
  configure(changes: Changes): void;
  /** A role has changed; the next access token says so. */
  setPermissions(person: PersonKey, permissions: readonly string[]): void;
  /** An application that signs in for itself has changed, or is new. */
  changeMachine(clientId: string, changes: Parameters<Machines["change"]>[1]): void;
  /** A blocked person can neither sign in nor refresh. */
  block(person: PersonKey): void;
  /**
   * The next key, published already, becomes the current one; after a second rotation an unheard-of
   * key signs.
   */
  rotateKeys(): Promise<void>;
  /**
   * A logout token for the person's latest sign-in; a `Difference` makes it another than the true
   * one.
   */
  logoutToken(person: PersonKey, difference?: Difference): string;
  /** Sends such a token to `backchannelLogoutUri`; the client's answer. */
  logout(person: PersonKey, difference?: Difference): Promise<Response>;
  /**
   * An honest tenant again, everybody as at the start, all counters at zero. Sessions and keys
   * stay.
   */
  clear(): void;
}

interface Controlled {
  readonly accounts: AccountStore;
  readonly answers: Answers;
  readonly dashboard: Dashboard;
  readonly directory: Directory;
  readonly machines: Machines;
  readonly traffic: Traffic;
  readonly rotateKeys: () => Promise<void>;
  readonly logout: Logout;
}

/** The control of one tenant. */
export function createControl({
  accounts,
  answers,
  dashboard,
  directory,
  logout,
  machines,
  rotateKeys,
  traffic,
}: Controlled): Control {
  const logoutToken: Control["logoutToken"] = (person, difference) =>
    logout.createLogoutToken(
      answers.latestSession(directory.find(person)?.sub ?? person),
      difference,
    );
  return {
    count: (endpoint) => traffic.count(endpoint),
    traces: () => traffic.traces(),
    fail: (endpoint, fault) => traffic.fail(endpoint, fault),
    latency: (endpoint, milliseconds) => traffic.latency(endpoint, milliseconds),
    shape: (shape) => answers.shape(shape),
    configure: (changes) => dashboard.change(changes),
    revokedRefreshTokens: () => answers.revokedRefreshTokens(),
    setPermissions: (person, permissions) => directory.setPermissions(person, permissions),
    changeMachine: (clientId, changes) => machines.change(clientId, changes),
    block: (person) => directory.block(person),
    rotateKeys: () => rotateKeys(),
    logoutToken,
    logout: (person, difference) => logout.deliverLogoutToken(logoutToken(person, difference)),
    connectedAccounts: () => accounts.all(),
    clear: () =>
      [accounts, answers, dashboard, directory, machines, traffic].forEach((part) => part.clear()),
  };
}
