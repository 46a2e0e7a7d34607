// E2B's REST API, as much of it as sandboxes need (spec/openapi.yml of e2b-dev/infra), bounded in time, size and
// tries. Serves E2B's cloud and an installation of one's own. Used by the driver and by template.ts.
import { Agent, type Dispatcher, request } from 'undici';
import { z } from 'zod';
import { isRecord, parseJson } from '../../lib/json.ts';
import { readWithin } from '../../lib/read-stream.ts';
import { retryAfterMs, sentAt } from '../../lib/retry-after.ts';
import { type ErrorCode, SeedError } from '../../protocol/errors.ts';
import { askedAgain, mayPass, neverSent } from '../remote/asked-again.ts';

const CONNECT_MS = 10_000;
const ANSWER_MS = 30_000;
const ANSWER_BYTES = 4 * 1024 * 1024;
const TRIES = 5;
const PAGE = 100;
/** So many pages are read at most: ten times the sandboxes of the vendor's largest plan. */
const MOST_PAGES = 110;

const Sandbox = z.object({
  sandboxID: z.string().min(1),
  templateID: z.string(),
  /** Where its traffic goes when that is not the domain of the API. */
  domain: z.string().nullish(),
  envdAccessToken: z.string().nullish(),
});
export type E2bSandbox = z.infer<typeof Sandbox>;

const Listed = z.object({
  sandboxID: z.string().min(1),
  state: z.enum(['running', 'paused']),
  metadata: z.record(z.string(), z.string()).default({}),
});
export type ListedSandbox = z.infer<typeof Listed>;

const Detail = z.object({ ...Sandbox.shape, ...Listed.shape });
export type SandboxDetail = z.infer<typeof Detail>;

export interface NewSandbox {
  templateID: string;
  /** Until the vendor ends it. */
  timeoutSeconds: number;
  metadata: Readonly<Record<string, string>>;
}

export interface E2bApi {
  readonly url: string;
  /**
   * One try: whether a sandbox was made when no answer came is not known, and a second would be another one.
   * @throws SeedError, whose `nothingDone` says where it is known
   */
  create(sandbox: NewSandbox): Promise<E2bSandbox>;
  /** Null: there is none, or no more. */
  get(id: string): Promise<SandboxDetail | null>;
  /** All with this metadata, those that are paused too. */
  list(metadata: Readonly<Record<string, string>>): Promise<ListedSandbox[]>;
  /** Resolves when it is accepted, or there is no such sandbox. */
  kill(id: string): Promise<void>;
  /** From now; false: there is no such sandbox. */
  setTimeout(id: string, seconds: number): Promise<boolean>;
  /** Any other call, with the answer's JSON. */
  call(ask: Ask): Promise<unknown>;
  close(): Promise<void>;
}

export interface Ask {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  query?: Readonly<Record<string, string>>;
  body?: object;
  /** Whether it may be sent again when it is not known whether it was done. */
  repeatable: boolean;
}

interface Answered {
  json: unknown;
  headers: Dispatcher.ResponseData['headers'];
}

export function createE2bApi({ apiUrl, apiKey }: { apiUrl: string; apiKey: string }): E2bApi {
  const dispatcher = new Agent({ connections: 64, connect: { timeout: CONNECT_MS } });

  async function once({ method, path, query = {}, body }: Ask) {
    const search = new URLSearchParams(query).toString();
    try {
      const response = await request(`${apiUrl}${path}${search && `?${search}`}`, {
        method,
        dispatcher,
        headers: {
          accept: 'application/json',
          'user-agent': 'seed',
          'x-api-key': apiKey,
          ...(body && { 'content-type': 'application/json' }),
        },
        body: body ? JSON.stringify(body) : null,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const bytes = await readWithin(response.body, ANSWER_BYTES);
      return { ...response, text: bytes?.toString('utf8') ?? '' };
    } catch (cause) {
      throw away(apiUrl, `${method} ${path}`, cause as NodeJS.ErrnoException);
    }
  }

  const ask = (asked: Ask): Promise<Answered> =>
    askedAgain(
      async () => {
        const { statusCode, headers, text } = await once(asked);
        const json = text === '' ? null : parseJson(text);
        if (statusCode < 300 && json !== undefined) return { json, headers };
        const waitMs = retryAfterMs(header(headers['retry-after']), sentAt(header(headers.date)));
        throw refusal(`${asked.method} ${asked.path}`, { statusCode, json, waitMs });
      },
      { most: TRIES, again: (error) => mayPass(error) && (asked.repeatable || (error as SeedError).nothingDone) },
    );

  /** @throws SeedError unreachable for an answer that the vendor's description does not allow */
  function read<Schema extends z.ZodType>(schema: Schema, json: unknown, of: string): z.output<Schema> {
    const { success, data, error } = schema.safeParse(json);
    if (success) return data;
    throw new SeedError('unreachable', `E2B answered ${of} otherwise than it says: ${z.prettifyError(error)}`);
  }

  const orNull = async <T>(reading: Promise<T>): Promise<T | null> => {
    try {
      return await reading;
    } catch (error) {
      if (error instanceof SeedError && error.code === 'not_found') return null;
      throw error;
    }
  };

  return {
    url: apiUrl,
    async create({ templateID, timeoutSeconds, metadata }) {
      const body = {
        ...{ templateID, metadata, timeout: timeoutSeconds },
        // It ends at its time, and is nobody's to wake: a paused one is billed, and would go on later.
        ...{ autoPause: false, autoResume: { enabled: false } },
        // Nothing gets out; what listens inside answers nobody outside, and envd only who has its token.
        ...{ allow_internet_access: false, secure: true, network: { allowPublicTraffic: false } },
      };
      const { json } = await ask({ method: 'POST', path: '/sandboxes', body, repeatable: false });
      return read(Sandbox, json, 'the creation of a sandbox');
    },
    async get(id) {
      const answer = await orNull(ask({ method: 'GET', path: pathOf(id), repeatable: true }));
      return answer && read(Detail, answer.json, 'what a sandbox is');
    },
    async list(metadata) {
      const found: ListedSandbox[] = [];
      // Each name and value is encoded by itself, then all of them together, and that again as a query's value.
      const filter = new URLSearchParams();
      for (const [name, value] of Object.entries(metadata)) {
        filter.append(encodeURIComponent(name), encodeURIComponent(value));
      }
      let next: string | null = null;
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const query = {
          ...{ metadata: filter.toString(), state: 'running,paused', limit: String(PAGE) },
          ...(next !== null && { nextToken: next }),
        };
        const { json, headers } = await ask({ method: 'GET', path: '/v2/sandboxes', query, repeatable: true });
        found.push(...read(z.array(Listed), json, 'the list of sandboxes'));
        next = header(headers['x-next-token']) || null;
        if (next === null) return found;
      }
      throw new SeedError('unreachable', `E2B lists more than ${MOST_PAGES * PAGE} sandboxes`);
    },
    async kill(id) {
      await orNull(ask({ method: 'DELETE', path: pathOf(id), repeatable: true }));
    },
    async setTimeout(id, seconds) {
      const path = `${pathOf(id)}/timeout`;
      const set = ask({ method: 'POST', path, body: { timeout: seconds }, repeatable: true });
      return (await orNull(set)) !== null;
    },
    call: async (asked) => (await ask(asked)).json,
    close: () => dispatcher.destroy(),
  };
}

const pathOf = (id: string) => `/sandboxes/${encodeURIComponent(id)}`;
const header = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value) ?? null;

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_input',
  401: 'not_authenticated',
  403: 'not_allowed',
  404: 'not_found',
  409: 'conflict',
  // It says after how long it may do.
  429: 'unavailable',
};

interface Refused {
  statusCode: number;
  json: unknown;
  waitMs: number | null;
}

function refusal(asked: string, { statusCode, json, waitMs }: Refused): SeedError {
  const message = isRecord(json) && typeof json['message'] === 'string' ? `: ${json['message']}` : '';
  // What is no answer of this API, though a good one, says nothing of what was asked for.
  const isRefused = statusCode >= 300 && statusCode < 500 && statusCode !== 408;
  const code = CODES[statusCode] ?? (isRefused ? 'sandbox_failed' : 'unreachable');
  return new SeedError(code, `E2B answered ${asked} with ${statusCode}${message}`, {
    ...(waitMs !== null && { retryAfterSeconds: waitMs / 1000 }),
    nothingDone: isRefused,
    ...(code === 'not_authenticated' && { hint: 'E2B_API_KEY is not a key of this installation of E2B.' }),
  });
}

const away = (url: string, asked: string, cause: NodeJS.ErrnoException) =>
  new SeedError('unreachable', `E2B's API at ${url} did not answer ${asked}: ${cause.message || cause.code}`, {
    cause,
    nothingDone: neverSent(cause),
  });
