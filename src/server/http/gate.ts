// Who may come in, for the routes that take a key: given to them by access/ when the server is put together.
import type { Context } from 'hono';
import type { Actor } from '../../command/call.ts';
import type { Effect } from '../../protocol/manifest.ts';
import type { HttpEnv } from './http-types.ts';

/** What a call is for the audit log, as far as its route tells. */
export interface AuditedRoute {
  /** Null: the path is no command's. */
  name: string | null;
  effect: Effect;
}

/** Records that the command has done its work on the target, while its answer is held. */
export type RecordDone = (target: string, status: number) => Promise<void>;

export interface Gate {
  /**
   * The actor behind a request; from then on the context has it.
   * @param options.counted whether the request counts towards the key's requests per minute
   * @param options.sessions whether the dashboard's cookie is taken as well as a bearer key
   * @throws SeedError with a 401, 403 or 429
   */
  authenticate(c: Context<HttpEnv>, options: { counted: boolean; sessions: boolean }): Promise<Actor>;
  /** Answers, and records every call that was refused, and every one of a write or destructive command. */
  audited(
    c: Context<HttpEnv>,
    route: AuditedRoute,
    answer: (recordDone: RecordDone) => Promise<Response>,
  ): Promise<Response>;
}
