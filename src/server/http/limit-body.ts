// Bounds the bytes that a request may bring, counted where it does not say how many: the one place for all paths.
// Nothing of a body is read here: who asks for it first says who they are.
import type { Readable } from 'node:stream';
import type { Context, MiddlewareHandler } from 'hono';
import { type Command, isObject } from '../../command/define-command.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { HttpEnv, MediaType } from './http-types.ts';

/** Contents, the JSON, and what stands between the parts. */
const MULTIPART_BYTES = LIMITS.fileBytesPerTask + LIMITS.bodyBytes;
const ARTIFACT = /^\/runner\/v1\/tasks\/[^/]+\/artifacts$/;

const DOOR = /^\/door(?:\/|$)/;
const WORKSPACE = /^\/runner\/v1\/tasks\/[^/]+\/workspace$/;

/**
 * For every request there is, before all routes. Sets what type its body has.
 * @param methodsAt which methods a path has
 */
export function limitBodies(
  commands: readonly Command[],
  methodsAt: (path: string) => readonly string[],
): MiddlewareHandler<HttpEnv> {
  const routes = (which: 'takesFiles' | 'takesLargeInput') =>
    commands
      .filter((command) => isObject(command) && command[which])
      .map(({ http }) => new RegExp(`^${routeOf(http).replace(/\{[^}]+\}/g, '[^/]+')}$`));
  const takeFiles = routes('takesFiles');
  const large = routes('takesLargeInput');
  /** `/tasks/run` is no task, although it looks like `/tasks/{id}`. */
  const literal = new Map<string, string[]>();
  for (const { http } of commands) {
    const [method = '', path = ''] = routeOf(http).split(' ');
    if (!path.includes('{')) literal.set(path, [...(literal.get(path) ?? []), method]);
  }
  /** JSON is held whole: only who says beforehand how large it is may send that much. */
  const jsonBytes = ({ req }: Context<HttpEnv>) =>
    req.header('content-length') === undefined ? LIMITS.bodyBytes : LIMITS.filesBodyBytes;

  function mostBytes(c: Context<HttpEnv>, type: MediaType | undefined): number {
    const { req } = c;
    const { method, path } = req;
    if (takeFiles.some((route) => route.test(`${method} ${path}`))) {
      if (type?.essence === 'multipart/form-data') return MULTIPART_BYTES;
      return jsonBytes(c);
    }
    if (large.some((route) => route.test(`${method} ${path}`))) return jsonBytes(c);
    if (method === 'PUT' && ARTIFACT.test(path)) return LIMITS.artifactBytes;
    if (method === 'PUT' && WORKSPACE.test(path)) return LIMITS.workspaceBytes;
    // Nothing of what it is for is proven yet: whoever reads it has bounds of its own.
    if (DOOR.test(path)) return LIMITS.workspaceBytes;
    return /^\/(?:llm|runner)\//.test(path) ? LIMITS.llmBodyBytes : LIMITS.bodyBytes;
  }

  /** A GET where there is none: that its body is not read is the lesser of what is wrong. */
  function isOfNoUse({ req: { method, path } }: Context<HttpEnv>): boolean {
    if (method !== 'GET' && method !== 'HEAD') return false;
    const methods = literal.get(path) ?? methodsAt(path);
    return methods.length > 0 && !methods.includes('GET');
  }

  return async (c, next) => {
    try {
      if (bringsBody(c) && !isOfNoUse(c)) admit(c, mostBytes);
      await next();
    } finally {
      // What is left of a body is not read, so nothing else can come over this connection.
      if (c.env.outgoing && !c.env.incoming.complete) c.header('Connection', 'close');
    }
  };
}

const routeOf = (http: string) => http.replace(' /', ' /api/v1/');

/** Whether the request says that a body follows. A call within the server says so by having one. */
export function bringsBody({ req, env }: Context<HttpEnv>): boolean {
  if (!env.outgoing) return req.raw.body !== null;
  return req.header('transfer-encoding') !== undefined || (req.header('content-length') ?? '0') !== '0';
}

/** @throws SeedError invalid_input, unsupported_media_type, body_too_large */
function admit(c: Context<HttpEnv>, mostBytes: (c: Context<HttpEnv>, type?: MediaType) => number): void {
  const { method } = c.req;
  if (method === 'GET' || method === 'HEAD')
    throw new SeedError('invalid_input', `a ${method} request has no body`, {
      hint: 'What it asks for stands in its path and its query.',
    });
  const stated = c.req.header('content-type');
  const type = stated === undefined ? undefined : parseMediaType(stated);
  if (type === null) throw unsupported('its Content-Type is no media type', 'Send one, such as application/json.');
  if (type !== undefined) c.set('mediaType', type);
  if ((c.req.header('content-encoding') ?? 'identity').toLowerCase() !== 'identity') {
    // RFC 9110, section 15.5.16: which are taken.
    c.header('Accept-Encoding', 'identity');
    throw unsupported('the body is compressed', 'Send it as it is, without Content-Encoding.');
  }
  const maxBytes = mostBytes(c, type);
  // Node reads no more than was said; and refuses what says both that and that it comes in chunks.
  if (Number(c.req.header('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (c.req.header('transfer-encoding') !== undefined) {
    const { url, headers, signal } = c.req.raw;
    const body = counted(c.env.incoming, maxBytes);
    c.req.raw = new Request(url, { method, headers, signal, body, duplex: 'half' });
  }
}

/** Its bytes, none before they are asked for; it fails with body_too_large where there are more. */
function counted(incoming: Readable, maxBytes: number): ReadableStream<Uint8Array> {
  // A body that is given up must not take its connection along: the refusal is still to be sent over it.
  const chunks = incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
  let bytes = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) return controller.close();
        bytes += value.length;
        if (bytes > maxBytes) throw tooLarge(maxBytes);
        controller.enqueue(value);
      },
      async cancel() {
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

const tooLarge = (maxBytes: number) =>
  new SeedError('body_too_large', `the body is larger than ${maxBytes} bytes`);
const unsupported = (what: string, hint: string) => new SeedError('unsupported_media_type', what, { hint });

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"';
const ESSENCE = new RegExp(`${TOKEN}/${TOKEN}`, 'y');
/** A semicolon with nothing behind it is allowed (section 5.6.6). */
const PARAMETER = new RegExp(`[ \\t]*;[ \\t]*(?:(${TOKEN})=(${TOKEN}|${QUOTED}))?`, 'y');

/** Null: this is no media type, or one that names a parameter twice. */
export function parseMediaType(text: string): MediaType | null {
  const header = text.trim();
  ESSENCE.lastIndex = 0;
  const essence = ESSENCE.exec(header)?.[0];
  if (essence === undefined) return null;
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = ESSENCE.lastIndex;
  while (PARAMETER.lastIndex < header.length) {
    const found = PARAMETER.exec(header);
    if (found === null) return null;
    const [, name, value = ''] = found;
    if (name === undefined) continue;
    const key = name.toLowerCase();
    if (parameters.has(key)) return null;
    parameters.set(key, value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value);
  }
  return { essence: essence.toLowerCase(), parameters };
}
