/** How clients are refused before they are known, as data (errors.ts says what a row means). */
export const CLIENT_REFUSALS = {
  client_ambiguous: {
    code: "invalid_request",
    status: 400,
    text: "The request names two different clients.",
  },
  registration_invalid: {
    code: "invalid_client_metadata",
    status: 400,
    text: "This registration cannot be accepted.",
  },
  registration_redirect_invalid: {
    code: "invalid_redirect_uri",
    status: 400,
    text: "This registration cannot be accepted.",
  },
  registration_off: {
    code: "access_denied",
    status: 403,
    text: "Clients cannot register themselves here. Use a client metadata document, or ask the operator.",
  },
} as const;
