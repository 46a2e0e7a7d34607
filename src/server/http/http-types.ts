// What the routes keep on a request's Hono context.
import type { HttpBindings } from '@hono/node-server';
import type { Actor } from '../../command/call.ts';
import type { KeptCall } from '../ledger/kept-call.ts';

export interface MediaType {
  /** Such as `application/json`, in lower case. */
  essence: string;
  /** By their names in lower case; a quoted value without its quotes. */
  parameters: ReadonlyMap<string, string>;
}

/** Whose key a request presents. */
export interface Presenter {
  accountId: string;
  keyId: string;
  /** The task that the key speaks for. */
  taskId: string | null;
}

/** When an answer has to be over, where whoever runs the process ends it. */
export interface AnswerDeadline {
  leftMs(): number;
  /** Aborted at that time. */
  signal: AbortSignal;
}

export interface HttpEnv {
  /** A call that MCP makes within the server has no answer of its own to Node. */
  Bindings: Pick<HttpBindings, 'incoming'> &
    Partial<Pick<HttpBindings, 'outgoing'>> & {
      /** Missing: it may take as long as it wants. */
      deadline?: AnswerDeadline;
    };
  Variables: {
    requestId: string;
    /** What goes before the paths of this Seed (base-path.ts). */
    prefix?: string;
    /** What its body is; missing where it does not say, or brings none. */
    mediaType?: MediaType;
    actor: Actor;
    /** Where the request comes from; null when it cannot be told. */
    address: string | null;
    /** Also when the key is then refused. */
    presented?: Presenter;
    /** What it came with: the secret of a key, or the token of a session. */
    secret: string;
    /** The dashboard's session that it came by, also when it is then refused. */
    session?: { id: string; expiresAt: Date };
    /** Id of what the command is done to. */
    target?: string;
    /** What the command was called with, once it is known to be sound. */
    input?: unknown;
    /** The same as it was given, before the command's schema made anything of it. */
    given?: unknown;
    /** What a 401 says in WWW-Authenticate, where it is not the usual. */
    challenge?: string;
    /** The call, when its row in the ledger must not be missed. */
    kept?: KeptCall;
  };
}
