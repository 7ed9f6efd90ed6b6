/** Every permission that the tools of `payments.ts` ask for. */
export const PAYMENT_PERMISSIONS = [
  "invoices:read",
  "invoices:refund",
  "invoices:pay",
  "account:lock",
];
