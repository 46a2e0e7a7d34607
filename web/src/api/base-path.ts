// Where below its origin this Seed lies: the server writes it into the page (src/server/dashboard/routes.ts).

/** Such as `/seed`; empty: at the root. Outside a browser there is no page. */
export const BASE_PATH = (
  globalThis.document?.querySelector('meta[name="seed-base"]')?.getAttribute('content') ?? '/'
).replace(/\/$/, '');

/** How this Seed is reached, without a slash at the end; for what is copied from a page. */
export const seedAddress = (): string => window.location.origin + BASE_PATH;
