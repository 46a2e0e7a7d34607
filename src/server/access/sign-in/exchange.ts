// Turns the code that a browser brings back from the platform's provider into tokens, from server to server
// (RFC 6749, section 4.1.3, with RFC 7636). Called by routes.ts.
import { z } from 'zod';
import { readWithin } from '../../../lib/read-stream.ts';
import { SignInFailure } from './failure.ts';

const WITHIN_MS = 10_000;
const MOST_BYTES = 256 * 1024;

const Answer = z.object({ id_token: z.string().min(1), access_token: z.string().optional().catch(undefined) });
const Refusal = z.object({ error: z.string().max(100) });

export interface Exchange {
  tokenEndpoint: string;
  /** Without a secret it is public, and PKCE alone shows that the code is its own. */
  client: { id: string; secret: string | null };
  code: string;
  redirectUri: string;
  verifier: string;
}

/** As the provider gave them: unchecked. */
export interface Exchanged {
  idToken: string;
  /** Null: there is none. It can be of any form. */
  accessToken: string | null;
}

/** @throws SignInFailure */
export async function exchangeCode(asked: Exchange, fetching: typeof fetch = fetch): Promise<Exchanged> {
  const { status, json } = await post(asked, fetching);
  if (status >= 200 && status < 300) {
    const answer = Answer.safeParse(json);
    if (answer.success) return { idToken: answer.data.id_token, accessToken: answer.data.access_token ?? null };
    throw new SignInFailure('provider_refused', 'the token endpoint answered without an ID token');
  }
  if (status >= 500 || status === 429)
    throw new SignInFailure('provider_away', `the token endpoint answered ${status}`);
  const refusal = Refusal.safeParse(json);
  const error = refusal.success ? refusal.data.error : 'no reason';
  // Used already, too old, or of another browser: the next attempt may go well.
  const problem = error === 'invalid_grant' ? 'over' : 'provider_refused';
  throw new SignInFailure(problem, `the token endpoint answered ${status}: ${error}`);
}

async function post(asked: Exchange, fetching: typeof fetch): Promise<{ status: number; json: unknown }> {
  const { client, code, redirectUri, verifier } = asked;
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...(client.secret === null && { client_id: client.id }),
  });
  try {
    const response = await fetching(asked.tokenEndpoint, {
      method: 'POST',
      body: form,
      redirect: 'error',
      signal: AbortSignal.timeout(WITHIN_MS),
      headers: { accept: 'application/json', ...(client.secret !== null && basic(client.id, client.secret)) },
    });
    const body = response.body ? await readWithin(response.body, MOST_BYTES) : null;
    return { status: response.status, json: jsonIn(body) };
  } catch (cause) {
    throw new SignInFailure('provider_away', 'the token endpoint does not answer', { cause });
  }
}

/** Each half is encoded as in a form before they are joined (RFC 6749, section 2.3.1). */
function basic(id: string, secret: string): { authorization: string } {
  const encoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1);
  return { authorization: `Basic ${btoa(`${encoded(id)}:${encoded(secret)}`)}` };
}

function jsonIn(body: Buffer | null): unknown {
  try {
    return JSON.parse(body?.toString('utf8') ?? '');
  } catch {
    return null;
  }
}
