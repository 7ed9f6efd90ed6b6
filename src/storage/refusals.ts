/** The refusals of a store that cannot be asked, as data: see errors.ts. Each is our fault, never the client's. */
export const STORE_REFUSALS = {
  store_unavailable: {
    code: "temporarily_unavailable",
    status: 503,
    text: "Our storage does not answer right now. Please try again shortly.",
  },
  store_rate_limited: {
    code: "temporarily_unavailable",
    status: 503,
    text: "Our storage is busy right now. Please try again shortly.",
  },
  store_auth_failed: {
    code: "temporarily_unavailable",
    status: 503,
    text: "Our storage does not answer right now. Please try again shortly.",
  },
  store_answer_invalid: {
    code: "temporarily_unavailable",
    status: 503,
    text: "Our storage does not answer right now. Please try again shortly.",
  },
  store_full: {
    code: "temporarily_unavailable",
    status: 503,
    text: "Our storage is full. The operator of this server has to make room.",
  },
  store_read_only: {
    code: "temporarily_unavailable",
    status: 503,
    text: "Our storage takes no writes. The operator of this server has to change that.",
  },
  store_quota_exceeded: {
    code: "temporarily_unavailable",
    status: 503,
    text: "Our storage has used up its quota. The operator of this server has to raise it.",
  },
  store_gone: {
    code: "temporarily_unavailable",
    status: 503,
    text: "Our storage cannot be found. The operator of this server has to look after it.",
  },
  store_record_newer: {
    code: "temporarily_unavailable",
    status: 503,
    text: "A newer version of this server is on its way. Please try again shortly.",
  },
  store_key_unknown: {
    code: "temporarily_unavailable",
    status: 503,
    text: "Our storage does not answer right now. Please try again shortly.",
  },
} as const;
