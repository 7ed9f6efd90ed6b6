/**
 * The addresses of the authorization server and of people's own pages. Requests reach their answers under our own name,
 * whatever host they came to, and with the cookies as they were set.
 */
import type { Context } from "hono";
import { plainCookies, usesPlainCookies } from "./edge/cookies.ts";
import { atIssuer } from "./edge/origin.ts";
import { type EdgeEnv, type Passage, refuseWith } from "./edge/passage.ts";
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

/** Adds them to the app. */
export function addRoutes(app: Passage, parts: Parts): void {
  const { config } = parts;
  const by =
    (answer: Answer) =>
    ({ req, var: { exchange } }: Context<EdgeEnv>) => {
      const request = usesPlainCookies(config) ? plainCookies(req.raw) : req.raw;
      const asked = atIssuer(request, config.issuer);
      const answered = whileServing(parts.switches, () => answer(asked, exchange, parts));
      // Goes on when the client hangs up: between Auth0's answer and our commit a token would be lost.
      exchange.execution.waitUntil(answered.catch(() => undefined));
      return answered;
    };
  const describe = createMetadata(parts);
  for (const path of METADATA_PATHS)
    app.all(path, ({ req, var: { exchange } }) => describe(req.raw, exchange));
  app.all("/register", by(answerRegistration));
  app.get("/authorize", by(askConsent));
  app.post("/authorize", by(takeDecision));
  app.get("/auth/callback", by(answerReturn));
  app.post("/auth/backchannel-logout", by(answerLogout));
  app.all("/token", by(answerToken));
  app.get("/connections", by(leadBack(showConnections)));
  app.post("/connections", by(leadBack(changeConnection)));
  app.get("/connections/sign-in", by(leadBack(beginPersonSignIn)));
  app.get("/login", by(leadBack(beginPersonSignIn)));
  app.get("/permissions", by(leadBack(showPermissions)));
  app.get("/authorize/confirm", by(showConfirmation));
  app.post("/authorize/confirm", by(takeConfirmation));
  app.post("/connections/sign-out", by(leadBack(signOut)));
  app.get("/approve/:id", by(leadBack(showApproval)));
  app.post("/approve/:id", by(leadBack(takeApproval)));
  app.get("/connect/:id", by(leadBack(showConnect)));
  app.post("/connect/:id", by(leadBack(takeConnect)));
  app.all("/authorize", refuseWith("method_not_allowed", { Allow: "GET, POST" }));
  app.all("/auth/callback", refuseWith("method_not_allowed", { Allow: "GET" }));
  app.all("/auth/backchannel-logout", refuseWith("method_not_allowed", { Allow: "POST" }));
  app.all("/connections", refuseWith("method_not_allowed", { Allow: "GET, POST" }));
  app.all("/connections/sign-in", refuseWith("method_not_allowed", { Allow: "GET" }));
  app.all("/login", refuseWith("method_not_allowed", { Allow: "GET" }));
  app.all("/permissions", refuseWith("method_not_allowed", { Allow: "GET" }));
  app.all("/authorize/confirm", refuseWith("method_not_allowed", { Allow: "GET, POST" }));
  app.all("/connections/sign-out", refuseWith("method_not_allowed", { Allow: "POST" }));
  app.all("/approve/:id", refuseWith("method_not_allowed", { Allow: "GET, POST" }));
  app.all("/connect/:id", refuseWith("method_not_allowed", { Allow: "GET, POST" }));
}

/** A browser comes back from the identity provider: for a client, or for our own pages. */
function answerReturn(...[request, exchange, parts]: Parameters<Answer>): Promise<Response> {
  if (isAccountReturn(request)) return leadBack(finishAccount)(request, exchange, parts);
  const finish = isPersonReturn(request) ? leadBack(finishPersonSignIn) : finishSignIn;
  return finish(request, exchange, parts);
}
