// Vercel's SDK, loaded when it is first used: whoever has no sandboxes there does not pay for it. Its calls with
// Seed's credentials and errors. Used by vendor.ts and by the maker of snapshots.
import type { APIError, Sandbox, Session } from '@vercel/sandbox';
import { SeedError } from '../../protocol/errors.ts';
import { noAnswer, refusalOf } from './refusals.ts';
import type { VercelAccess } from './settings.ts';

type Sdk = typeof import('@vercel/sandbox');

export type { Sandbox, Session };

const SDK = '@vercel/sandbox';
const VERCEL = 'https://vercel.com/api';

export interface VercelClient {
  sdk: Sdk;
  /** What each static call of the SDK takes beside its own. */
  access: { fetch: typeof fetch } & Partial<VercelAccess['credentials']>;
  /** @param what such as "create a sandbox". @throws SeedError as refusals.ts says */
  call<Answer>(what: string, call: () => Promise<Answer>): Promise<Answer>;
}

/** @throws SeedError setup_failed where it is not installed */
export async function openVercel({ credentials, apiUrl }: VercelAccess): Promise<VercelClient> {
  const sdk = await loadSdk();
  const redirected: typeof fetch = (input, init) =>
    fetch(apiUrl === null ? input : String(input).replace(VERCEL, apiUrl), init);
  return {
    sdk,
    access: { fetch: redirected, ...credentials },
    async call(what, call) {
      try {
        return await call();
      } catch (error) {
        if (error instanceof sdk.APIError) throw await refused(what, error);
        // What is told in the middle of a stream: the sandbox is being stopped.
        if (error instanceof sdk.StreamError) throw new SeedError('unreachable', error.message, { cause: error });
        throw noAnswer(what, error);
      }
    },
  };
}

async function refused(what: string, error: APIError<unknown>): Promise<SeedError> {
  const { response, text } = error;
  const body = text ?? (response.bodyUsed ? '' : await response.text().catch(() => ''));
  const { status, headers } = response;
  // A whole answer that is not of this API says nothing of what was asked for.
  if (response.ok) return noAnswer(what, error);
  return refusalOf(what, { status, body, retryAfter: headers.get('retry-after') }, error);
}

async function loadSdk(): Promise<Sdk> {
  try {
    return await import('@vercel/sandbox');
  } catch (cause) {
    throw new SeedError('setup_failed', `${SDK} is not installed, which sandboxes at Vercel need`, {
      hint: `npm install ${SDK}: it is an optional dependency of Seed.`,
      cause,
    });
  }
}
