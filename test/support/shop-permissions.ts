/** Every permission that the tools of the shop (`shop.ts`) ask for. */
export const SHOP_PERMISSIONS = [
  "orders:read",
  "customers:read",
  "orders:write",
  "orders:delete",
  "customers:purge",
];
