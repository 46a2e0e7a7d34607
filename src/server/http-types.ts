// What the routes keep on a request's Hono context.
import type { Actor } from '../commands/context.ts';

export interface HttpEnv {
  Variables: { requestId: string; actor: Actor };
}
