/**
 * The addresses of the authorization server and of people's own pages. Requests reach their answers under our own name,
 * whatever host they came to, and with the cookies as they were set.
 */
import type { Context } from "hono";
import { plainCookies, usesPlainCookies } from "./edge/cookies.ts";
import { atIssuer } from "./edge/origin.ts";
import { type EdgeEnv, refuseWith, type Routes } from "./edge/passage.ts";
import { showApproval, takeApproval } from "./people/approvals.ts";
import { answerLogout } from "./people/backchannel-logout.ts";
import { finishSignIn } from "./oauth/callback.ts";
import { showConfirmation, takeConfirmation } from "./oauth/confirmation.ts";
import { askConsent, takeDecision } from "./oauth/consent.ts";
import { finishAccount, isAccountReturn, showConnect, takeConnect } from "./people/connect.ts";
import { changeConnection, leadBack, showConnections, signOut } from "./people/connections.ts";
import { createMetadata, METADATA_PATHS } from "./oauth/discovery.ts";
import type { Answer, Parts } from "./parts.ts";
import { showPermissions } from "./people/permissions.ts";
import { beginPersonSignIn, finishPersonSignIn, isPersonReturn } from "./people/sign-in.ts";
import { answerRegistration } from "./oauth/registration.ts";
import { answerToken } from "./oauth/token.ts";
import { whileServing } from "./switches.ts";

/** Adds them. */
export function addRoutes(routes: Routes, parts: Parts): void {
  const { config } = parts;
  const by =
    (answer: Answer) =>
    ({ req, env: { exchange } }: Context<EdgeEnv>) => {
      const request = usesPlainCookies(config) ? plainCookies(req.raw) : req.raw;
      const asked = atIssuer(request, config.issuer);
      const answered = whileServing(parts.switches, () => answer(asked, exchange, parts));
      // Goes on when the client hangs up: between Auth0's answer and our commit a token would be lost.
      exchange.execution.waitUntil(answered.catch(() => undefined));
      return answered;
    };
  const describe = createMetadata(parts);
  for (const path of METADATA_PATHS)
    routes.all(path, ({ req, env: { exchange } }) => describe(req.raw, exchange));
  routes.all("/register", by(answerRegistration));
  routes.get("/authorize", by(askConsent));
  routes.post("/authorize", by(takeDecision));
  routes.get("/auth/callback", by(answerReturn));
  routes.post("/auth/backchannel-logout", by(answerLogout));
  routes.all("/token", by(answerToken));
  routes.get("/connections", by(leadBack(showConnections)));
  routes.post("/connections", by(leadBack(changeConnection)));
  routes.get("/connections/sign-in", by(leadBack(beginPersonSignIn)));
  routes.get("/login", by(leadBack(beginPersonSignIn)));
  routes.get("/permissions", by(leadBack(showPermissions)));
  routes.get("/authorize/confirm", by(showConfirmation));
  routes.post("/authorize/confirm", by(takeConfirmation));
  routes.post("/connections/sign-out", by(leadBack(signOut)));
  routes.get("/approve/:id", by(leadBack(showApproval)));
  routes.post("/approve/:id", by(leadBack(takeApproval)));
  routes.get("/connect/:id", by(leadBack(showConnect)));
  routes.post("/connect/:id", by(leadBack(takeConnect)));
  routes.all("/authorize", refuseWith("method_not_allowed", { Allow: "GET, POST" }));
  routes.all("/auth/callback", refuseWith("method_not_allowed", { Allow: "GET" }));
  routes.all("/auth/backchannel-logout", refuseWith("method_not_allowed", { Allow: "POST" }));
  routes.all("/connections", refuseWith("method_not_allowed", { Allow: "GET, POST" }));
  routes.all("/connections/sign-in", refuseWith("method_not_allowed", { Allow: "GET" }));
  routes.all("/login", refuseWith("method_not_allowed", { Allow: "GET" }));
  routes.all("/permissions", refuseWith("method_not_allowed", { Allow: "GET" }));
  routes.all("/authorize/confirm", refuseWith("method_not_allowed", { Allow: "GET, POST" }));
  routes.all("/connections/sign-out", refuseWith("method_not_allowed", { Allow: "POST" }));
  routes.all("/approve/:id", refuseWith("method_not_allowed", { Allow: "GET, POST" }));
  routes.all("/connect/:id", refuseWith("method_not_allowed", { Allow: "GET, POST" }));
}

/** A browser comes back from the identity provider: for a client, or for our own pages. */
function answerReturn(...[request, exchange, parts]: Parameters<Answer>): Promise<Response> {
  if (isAccountReturn(request)) return leadBack(finishAccount)(request, exchange, parts);
  const finish = isPersonReturn(request) ? leadBack(finishPersonSignIn) : finishSignIn;
  return finish(request, exchange, parts);
}
