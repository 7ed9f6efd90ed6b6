/** How clients are refused before they are known, as data (errors.ts says what a row means). */
export const CLIENT_REFUSALS = {
  client_ambiguous: {
    code: "invalid_request",
    status: 400,
    text: "The request names two different clients.",
  },
  credentials_repeated: {
    code: "invalid_request",
    status: 400,
    text: "The request shows more than one set of credentials.",
  },
  client_id_malformed: {
    code: "invalid_client",
    status: 401,
    text: "The client_id is too long, or has characters that none of ours has.",
  },
  client_address_refused: {
    code: "invalid_client",
    status: 400,
    text: "The application describes itself at an address that this server does not ask.",
  },
  client_document_invalid: {
    code: "invalid_client",
    status: 400,
    text: "The website of the application describes it in a way that this server cannot accept.",
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
