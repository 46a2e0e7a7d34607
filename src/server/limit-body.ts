// How large a request's body may be. Called for every route with a body, before anything reads it.
import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { type Command, isObject } from '../commands/define-command.ts';
import { SeedError } from '../protocol/errors.ts';
import { LIMITS } from '../protocol/limits.ts';

export function limitBody(maxSize: number): MiddlewareHandler {
  const limit = bodyLimit({
    maxSize,
    onError: (c) => {
      // The rest of the body is not read, so nothing else can come over this connection.
      c.header('Connection', 'close');
      throw new SeedError('body_too_large', `the body is larger than ${maxSize} bytes`);
    },
  });
  // Even to look for a body costs; these have none.
  return (c, next) => (c.req.method === 'GET' || c.req.method === 'HEAD' ? next() : limit(c, next));
}

/** Requests that bring files may be larger, where they say beforehand how large; a form is read as it comes, and counted. */
export function limitApiBody(commands: readonly Command[]): MiddlewareHandler {
  const limits = { plain: limitBody(LIMITS.bodyBytes), files: limitBody(LIMITS.filesBodyBytes) };
  const takeFiles = new Set(
    commands
      .filter((command) => isObject(command) && command.takesFiles)
      .map(({ http }) => http.replace(' /', ' /api/v1/')),
  );
  return (c, next) => {
    if (!takeFiles.has(`${c.req.method} ${c.req.path}`)) return limits.plain(c, next);
    if (/^multipart\/form-data\b/i.test(c.req.header('content-type') ?? '')) return next();
    return c.req.header('content-length') === undefined ? limits.plain(c, next) : limits.files(c, next);
  };
}

/** Artifacts are read as they come, and counted. */
export function limitRunnerBody(): MiddlewareHandler {
  const limit = limitBody(LIMITS.llmBodyBytes);
  return (c, next) => (c.req.method === 'PUT' ? next() : limit(c, next));
}
