// The TypeScript client of Seed. No dependency: fetch, streams and WebCrypto, as Node, Deno, Bun and edge runtimes
// have them.
export { createSeed, type Seed, type SeedOptions } from './client.ts';
export type { Commands } from './commands.ts';
export { SeedError } from './errors.ts';
export type * from './generated/types.ts';
export type { CallOptions } from './http.ts';
export type { PageOf } from './pages.ts';
export type { TaskOf, TaskRun } from './tasks.ts';
export { type ReceivedWebhook, verifyWebhook } from './webhooks.ts';
