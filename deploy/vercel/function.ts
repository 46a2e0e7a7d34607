// Seed as a function of Vercel: what the vendor says of each request, and what its environment says of Seed.
// Bundled by build.ts together with the packs; the entry that the vendor starts (entry.js) answers by it.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from '../../src/lib/env.ts';
import { createLog } from '../../src/lib/log.ts';
import { readVersion } from '../../src/lib/version.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import type { Playbook } from '../../src/scripted/playbook.ts';
import { BUILT_IN } from '../../src/server/built-in.ts';
import type { DoorSandboxes } from '../../src/server/door/sandboxes.ts';
import {
  createFunction,
  type FunctionParts,
  type Invocation,
  type SeedFunction,
} from '../../src/server/function.ts';
import { bundleCli } from '../../src/server/http/cli-bundle.ts';
import { type BundledPack, takePacks } from '../../src/server/packs/load-packs.ts';
import { readServerSettings, type ServerSettings } from '../../src/server/settings.ts';

/** What build.ts has put into the bundle. */
export interface Bundled {
  packs: readonly BundledPack[];
  playbooks: readonly Playbook[];
}

interface RequestContext {
  waitUntil?(work: Promise<unknown>): void;
  /** ISO 8601 */
  deadline?: string;
}

/** As vercel.json says. */
export const MOST_SECONDS = 300;

/** As @vercel/functions finds it. */
const CONTEXT = Symbol.for('@vercel/request-context');

function invocation(): Invocation {
  const there = (globalThis as { [CONTEXT]?: { get?(): RequestContext | undefined } })[CONTEXT]?.get?.();
  const deadline = there?.deadline === undefined ? Number.NaN : Date.parse(there.deadline);
  return {
    waitUntil: there?.waitUntil?.bind(there),
    deadline: Number.isNaN(deadline) ? undefined : new Date(deadline),
  };
}

/** @param more what a test has otherwise */
export async function openFunction(
  { packs, playbooks }: Bundled,
  settings: ServerSettings,
  more: Partial<FunctionParts> = {},
): Promise<SeedFunction> {
  const taken = takePacks(packs, settings.packs, BUILT_IN);
  return createFunction({
    settings,
    log: createLog('function', settings.logLevel),
    version: readVersion(),
    packs: taken,
    playbooks: [...playbooks, ...taken.flatMap((pack) => pack.playbooks ?? [])],
    cliBundle: await bundleCli(),
    mostMs: MOST_SECONDS * 1_000,
    cronSecret: env('CRON_SECRET') ?? null,
    invocation,
    ...more,
  });
}

/** By the environment, at the first request: what is wrong with it is said in the log, and in no answer. */
export function functionOf(bundled: Bundled): SeedFunction {
  let opening: Promise<SeedFunction> | null = null;
  const opened = () => {
    opening ??= openBySettings(bundled);
    return opening;
  };
  return {
    fetch: async (request) => {
      try {
        return await (await opened()).fetch(request);
      } catch (error) {
        opening = null;
        createLog('function', 'error').error({ err: error }, 'Seed is not set up');
        return Response.json(new SeedError('unavailable', 'Seed is not set up').toBody(null), { status: 503 });
      }
    },
    drain: async (until) => (await opened()).drain(until),
    end: async () => (await opening?.catch(() => null))?.end(),
  };
}

async function openBySettings(bundled: Bundled): Promise<SeedFunction> {
  const settings = functionSettings();
  return openFunction(bundled, settings, { sandboxes: await sandboxesOf(settings) });
}

/** Vercel's, where its sandboxes call in at the door; null: runners have them. @throws SeedError invalid_settings */
async function sandboxesOf({ door }: ServerSettings): Promise<DoorSandboxes | null> {
  if (door === null) return null;
  // Loaded by those alone who have a door.
  const { readVercelSettings } = await import('../../src/drivers/vercel/settings.ts');
  const { createVercelSandboxes } = await import('../../src/drivers/vercel/door-sandboxes.ts');
  return createVercelSandboxes(readVercelSettings());
}

/** @throws SeedError invalid_settings, naming the variable */
function functionSettings(): ServerSettings {
  const settings = readServerSettings();
  for (const [name, value, hint] of [
    ['DATABASE_URL', settings.databaseUrl, 'Set it to the pooled address of a Postgres.'],
    ['SEED_S3_BUCKET', settings.files.s3, 'Files are kept in S3: a function has no disk that lasts.'],
    ['SEED_SECRETS_KEY', settings.secretsKey, 'openssl rand -hex 32 makes one.'],
    ['SEED_ADMIN_KEY', settings.adminKey, '`seed keys generate` makes one: nobody sees what a function prints.'],
  ] as const) {
    if (value === null) throw new SeedError('invalid_settings', `${name} is not set`, { hint });
  }
  // What a request brings lies there until it is over.
  return { ...settings, dataDir: join(tmpdir(), 'seed') };
}
