// How the demo shows what it does: headings, and the CLI as a person would call it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { wholeEnvironment } from '../../src/lib/env.ts';
import { SeedError } from '../../src/protocol/errors.ts';

const SEED = fileURLToPath(new URL('../../bin/seed', import.meta.url));

export interface Connection {
  url: string;
  key: string;
  /** A throw-away folder: the person's own CLI profile stays out of it. */
  home: string;
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function heading(text: string): void {
  const bold = process.stdout.isTTY && !process.env['NO_COLOR'];
  say(bold ? `\n\x1b[1m${text}\x1b[0m` : `\n${text}`);
}

/** Shows the command line and runs it on this terminal. @throws SeedError when it fails */
export async function seedCli({ url, key, home }: Connection, args: readonly string[]): Promise<void> {
  const shown = args.map((arg) => (/^[\w:,.=-]+$/.test(arg) ? arg : JSON.stringify(arg)));
  say(`$ seed ${shown.join(' ')}`);
  const child = spawn(SEED, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...wholeEnvironment(),
      SEED_API_URL: url,
      SEED_API_KEY: key,
      XDG_CONFIG_HOME: home,
      XDG_CACHE_HOME: home,
    },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new SeedError('internal', `seed ${args[0]} ${args[1]} ended with code ${code}`);
}

/** A REST call of the demo. @throws SeedError with the server's own words */
export async function call<Answer>(
  { url, key }: Connection,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as Answer & { error?: { message: string } };
  if (!response.ok)
    throw new SeedError('internal', `${method} ${path}: ${answer.error?.message ?? response.status}`);
  return answer;
}
