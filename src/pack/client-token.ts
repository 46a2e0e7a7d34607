// Tokens by OAuth2 client credentials (RFC 6749, section 4.4): one for each client and its scopes, kept until
// shortly before it ends. Used by imported-commands.ts.
import { createHash } from 'node:crypto';
import { request as send } from 'undici';
import { isRecord, parseJson } from '../lib/json.ts';
import { readWithin } from '../lib/read-stream.ts';
import { removeSecrets } from '../lib/remove-secrets.ts';
import { type Platform, secretsOf } from './platform.ts';
import { unavailable } from './send.ts';

/** Of an answer with a token. */
const ANSWER_BYTES = 64 * 1024;
const TIMEOUT_MS = 15_000;
/** Tokens that are kept; the oldest goes for one more. */
const KEPT_MOST = 1_000;
/** Before its end a token is not used any more. */
const EARLY_MS = 30_000;
const LIFE_DEFAULT_SECONDS = 300;

interface Kept {
  token: string;
  /** By the monotonic clock. */
  endsAt: number;
}

export interface ClientTokens {
  /**
   * @param client `id:secret`
   * @throws SeedError platform_unavailable, with the words of who gives tokens
   */
  tokenFor(platform: Platform, client: string, scopes: readonly string[]): Promise<string>;
  /** What the platform refuses is not shown again. */
  forget(token: string): void;
}

export function createClientTokens(tokenUrl: string): ClientTokens {
  const kept = new Map<string, Kept>();
  const asked = new Map<string, Promise<Kept>>();
  return {
    async tokenFor(platform, client, scopes) {
      const key = createHash('sha256')
        .update(JSON.stringify([client, scopes]))
        .digest('base64');
      const known = kept.get(key);
      if (known && known.endsAt > performance.now()) return known.token;
      const pending = asked.get(key) ?? askFor(tokenUrl, platform, client, scopes);
      asked.set(key, pending);
      try {
        const found = await pending;
        kept.delete(key);
        kept.set(key, found);
        const [oldest] = kept.keys();
        if (kept.size > KEPT_MOST && oldest !== undefined) kept.delete(oldest);
        return found.token;
      } finally {
        asked.delete(key);
      }
    },
    forget(token) {
      for (const [key, found] of kept) if (found.token === token) kept.delete(key);
    },
  };
}

async function askFor(
  tokenUrl: string,
  platform: Platform,
  client: string,
  scopes: readonly string[],
): Promise<Kept> {
  const colon = client.indexOf(':');
  const [id, secret] = [client.slice(0, colon), client.slice(colon + 1)];
  const form = { grant_type: 'client_credentials', ...(scopes.length > 0 && { scope: scopes.join(' ') }) };
  // Section 2.3.1: every server takes Basic; some that do not follow it take the body alone.
  const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64');
  const first = await post(tokenUrl, platform, form, { authorization: `Basic ${basic}` });
  const answer = isRefused(first)
    ? await post(tokenUrl, platform, { ...form, client_id: id, client_secret: secret }, {})
    : first;
  const { access_token: token, expires_in: seconds } = answer.body;
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) {
    const lifeSeconds = Number(seconds) > 0 ? Number(seconds) : LIFE_DEFAULT_SECONDS;
    return { token, endsAt: performance.now() + Math.max(1_000, lifeSeconds * 1_000 - EARLY_MS) };
  }
  const said = [answer.body['error'], answer.body['error_description']].filter((each) => typeof each === 'string');
  const words = removeSecrets(said.join(', '), secretsOf(platform)).slice(0, 300);
  throw unavailable(platform, `gives no token (${answer.status}${words === '' ? '' : `: ${words}`})`, {
    nothingDone: true,
    hint: `For the operator of this Seed: ${platform.secretSetting} is to be client id and secret, with a colon between them.`,
  });
}

const isRefused = ({ status, body }: TokenAnswer) =>
  status === 401 || (status === 400 && /invalid_(client|request)/.test(String(body['error'])));

interface TokenAnswer {
  status: number;
  body: Record<string, unknown>;
}

async function post(
  url: string,
  platform: Platform,
  form: Record<string, string>,
  headers: Record<string, string>,
): Promise<TokenAnswer> {
  try {
    const { statusCode, body } = await send(url, {
      method: 'POST',
      headers: {
        ...headers,
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        'user-agent': 'seed',
      },
      body: new URLSearchParams(form).toString(),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = (await readWithin(body, ANSWER_BYTES))?.toString() ?? '';
    const parsed = parseJson(text);
    return { status: statusCode, body: isRecord(parsed) ? parsed : {} };
  } catch (cause) {
    throw unavailable(platform, 'cannot be asked for a token', {
      nothingDone: true,
      cause,
      hint: 'Nothing was done; it may work later.',
    });
  }
}
