// A small OpenAI-compatible upstream with the one model `scripted`, on a port of this machine that nobody else is
// told of. The server starts it and calls it like any other upstream. Without its key it answers nothing.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseJson } from '../lib/json.ts';
import { readWithin } from '../lib/read-stream.ts';
import { sameText } from '../lib/same-text.ts';
import { LIMITS } from '../protocol/limits.ts';
import { SCRIPTED_MODEL } from '../protocol/model.ts';
import { CompletionRequest, complete } from './completion.ts';
import type { Playbook } from './playbook.ts';

export interface ScriptedUpstream extends AsyncDisposable {
  /** `http://127.0.0.1:…/v1` */
  baseUrl: string;
  /** Made anew at each start. */
  apiKey: string;
}

interface Answer {
  status: number;
  contentType: string;
  body: string;
}

/** Twice what the server takes: the same body may be written longer. */
const BODY_BYTES = 2 * LIMITS.llmBodyBytes;
/** When the model was made; it does not change while the server runs. */
const CREATED_SECONDS = 1_767_225_600;
const MODELS = {
  object: 'list',
  data: [{ id: SCRIPTED_MODEL, object: 'model', created: CREATED_SECONDS, owned_by: 'seed' }],
};

/** @param playbooks the first that recognises an instruction plays */
export async function startScriptedUpstream(playbooks: readonly Playbook[]): Promise<ScriptedUpstream> {
  // Loaded with the first of them: it brings much along that a function's start would wait for.
  const { createServer } = await import('node:http');
  const apiKey = randomBytes(32).toString('base64url');
  const server = createServer(async (request, response) => {
    const isAllowed = sameText(request.headers.authorization ?? '', `Bearer ${apiKey}`);
    const refused = isAllowed ? null : refusal(401, 'this is not the key of this upstream');
    // A caller that goes away in the middle of its body is owed nothing.
    const found = refused ?? (await answer(request, playbooks).catch(() => null));
    if (found === null) return void response.destroy();
    const { status, contentType, body } = found;
    response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    apiKey,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Null: nothing can be answered. */
async function answer(request: IncomingMessage, playbooks: readonly Playbook[]): Promise<Answer | null> {
  const { method, url } = request;
  if (method === 'GET' && url === '/v1/models') return json(200, MODELS);
  if (method !== 'POST' || url !== '/v1/chat/completions') return refusal(404, `there is no ${method} ${url}`);
  // Node reads what is refused to its end and drops it, so that its sender sees the answer.
  if (Number(request.headers['content-length']) > BODY_BYTES)
    return refusal(413, `the body has more than ${BODY_BYTES} bytes`);
  const body = await readWithin(request, BODY_BYTES);
  if (body === null) return null;
  const parsed = CompletionRequest.safeParse(parseJson(body.toString('utf8')));
  if (parsed.success) return { status: 200, ...complete(parsed.data, playbooks, Date.now()) };
  const { path = [], message = 'not a request' } = parsed.error.issues[0] ?? {};
  return refusal(path[0] === 'model' ? 404 : 400, `${path.join('.') || 'body'}: ${message}`);
}

function json(status: number, body: object): Answer {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}

/** In OpenAI's form. */
function refusal(status: number, message: string): Answer {
  return json(status, { error: { message, type: 'invalid_request_error', param: null, code: null } });
}
