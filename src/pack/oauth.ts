// Access tokens of a platform's OAuth 2.0 service (RFC 6749): for the server as a client of its own (4.4), and in
// return for the refresh token that somebody has set (6). Nothing but the token endpoint is ever asked.
import { z } from 'zod';
import { parseJson } from '../lib/json.ts';
import { readWithin } from '../lib/read-stream.ts';
import { SeedError } from '../protocol/errors.ts';

export interface OAuthClient {
  /** What messages call the platform. */
  title: string;
  tokenUrl: string;
  id: string;
  /** Null: a public client, which has none. */
  secret: string | null;
  /** Null: those that the service gives unasked. */
  scope: string | null;
}

export interface AccessToken {
  accessToken: string;
  /** In milliseconds since 1970; null: the service does not say. */
  expiresAt: number | null;
  /** In the place of the one that was sent; null: that one stays. */
  refreshToken: string | null;
}

/** A token that ends sooner is not shown any more. */
const EXPIRES_SOON_MS = 60_000;
const TIMEOUT_MS = 10_000;
const ANSWER_BYTES = 64 * 1024;
/** One line of what may stand in a header: it goes into one. */
const Token = z.string().regex(/^[\x21-\x7e]{1,8192}$/);
const Answer = z.object({
  access_token: Token,
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.coerce.number().nonnegative().max(1e9).optional(),
  refresh_token: Token.optional(),
});
const Refusal = z.object({ error: z.string().max(100), error_description: z.string().max(500).optional() });

/** One token for the calls of this server: asked for when the first needs it, and again shortly before it ends. */
export class ClientTokens {
  readonly #client: OAuthClient;
  #present: AccessToken | null = null;
  #asking: Promise<AccessToken> | null = null;

  constructor(client: OAuthClient) {
    this.#client = client;
  }

  /** @throws SeedError platform_unavailable or credential_missing */
  async current(): Promise<string> {
    if (this.#present === null || endsSoon(this.#present, Date.now())) {
      this.#asking ??= askToken(this.#client, { grant_type: 'client_credentials' }).finally(() => {
        this.#asking = null;
      });
      this.#present = await this.#asking;
    }
    return this.#present.accessToken;
  }

  /** The platform has refused it: the next call gets another. */
  forget(accessToken: string): void {
    if (this.#present?.accessToken === accessToken) this.#present = null;
  }
}

export function endsSoon({ expiresAt }: Pick<AccessToken, 'expiresAt'>, now: number): boolean {
  return expiresAt !== null && expiresAt - now < EXPIRES_SOON_MS;
}

/** @throws SeedError credential_missing: the refresh token is worth nothing any more; platform_unavailable */
export function renewToken(client: OAuthClient, refreshToken: string): Promise<AccessToken> {
  return askToken(client, { grant_type: 'refresh_token', refresh_token: refreshToken });
}

async function askToken(client: OAuthClient, grant: Record<string, string>): Promise<AccessToken> {
  const { title, tokenUrl, id, secret, scope } = client;
  const form = new URLSearchParams(grant);
  if (scope !== null) form.set('scope', scope);
  if (secret === null) form.set('client_id', id);
  const { status, text } = await exchange(client, form);
  const answered = parseJson(text) ?? null;
  const answer = Answer.safeParse(answered);
  if (status === 200 && answer.success) {
    const { access_token: accessToken, expires_in: seconds, refresh_token: refreshToken = null } = answer.data;
    const expiresAt = seconds === undefined ? null : Date.now() + seconds * 1_000;
    return { accessToken, expiresAt, refreshToken };
  }
  const { data: refusal } = Refusal.safeParse(answered);
  if (refusal === undefined || status >= 500)
    throw unavailable(title, `answers ${status} at ${new URL(tokenUrl).origin} with what is no token`);
  const said = [refusal.error, refusal.error_description].filter(Boolean).join(': ');
  throw new SeedError('credential_missing', `${title} gives no token: ${said}`, {
    hint: 'Nothing was sent to the platform. The credential has to be set anew.',
  });
}

async function exchange({ title, tokenUrl, id, secret }: OAuthClient, form: URLSearchParams) {
  try {
    const { request } = await import('../lib/http-client.ts');
    const answer = await request(tokenUrl, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'content-type': 'application/x-www-form-urlencoded',
        'user-agent': 'seed',
        ...(secret !== null && { authorization: `Basic ${basic(id, secret)}` }),
      },
      body: form.toString(),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const bytes = await readWithin(answer.body, ANSWER_BYTES);
    return { status: answer.statusCode, text: bytes?.toString() ?? '' };
  } catch (cause) {
    throw unavailable(title, `cannot be reached at ${new URL(tokenUrl).origin}, where it gives tokens`, cause);
  }
}

/** RFC 6749, 2.3.1: both are form-encoded before they are put together. */
function basic(id: string, secret: string): string {
  const encode = (text: string) => new URLSearchParams({ v: text }).toString().slice(2);
  return Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64');
}

function unavailable(title: string, how: string, cause?: unknown): SeedError {
  return new SeedError('platform_unavailable', `${title} ${how}`, {
    hint: 'Nothing was done; it may work later.',
    nothingDone: true,
    ...(cause !== undefined && { cause }),
  });
}
