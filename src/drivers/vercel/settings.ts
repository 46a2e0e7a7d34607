// The settings of this driver, from the environment; docs/vercel.md describes each.
import { env } from '../../lib/env.ts';
import { isRecord, parseJson } from '../../lib/json.ts';
import { integerSetting, urlSetting } from '../../lib/settings.ts';
import { SeedError } from '../../protocol/errors.ts';

export interface VercelCredentials {
  token: string;
  teamId: string;
  projectId: string;
}

export interface VercelAccess {
  /** Null: the SDK has them from the request that it serves, as in a function of Vercel's. */
  credentials: VercelCredentials | null;
  /** Of another service that speaks Vercel's API, such as the double; null: Vercel's own. */
  apiUrl: string | null;
}

export interface VercelSettings extends VercelAccess {
  /** The snapshot that sandboxes start from. */
  snapshotId: string;
  /** Several in one project leave each other's sandboxes alone. */
  installation: string;
  longestLifeMs: number;
}

const MINUTE_MS = 60_000;
/** What the smallest plan gives a sandbox, and the largest. */
const PRESET_MINUTES = 45;
const MOST_MINUTES = 300;
/** As a tag's value. */
const INSTALLATION = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** @throws SeedError invalid_settings, naming the variable */
export function readVercelSettings(): VercelSettings {
  const access = readVercelAccess();
  const snapshotId = env('SANDBOX_SNAPSHOT_ID');
  if (snapshotId === undefined) {
    throw new SeedError('invalid_settings', 'SANDBOX_SNAPSHOT_ID is not set', {
      hint: 'node scripts/setup-sandbox-snapshot.ts --driver vercel makes a snapshot and prints its id.',
    });
  }
  const installation = env('SEED_VERCEL_INSTALLATION') ?? 'seed';
  if (!INSTALLATION.test(installation)) {
    throw new SeedError(
      'invalid_settings',
      `SEED_VERCEL_INSTALLATION is "${installation}", which is no such name`,
      {
        hint: 'Lower-case letters, digits and dashes, at most 63.',
      },
    );
  }
  const minutes = integerSetting('SEED_VERCEL_LONGEST_MINUTES', PRESET_MINUTES, 1, MOST_MINUTES);
  return { ...access, snapshotId, installation, longestLifeMs: minutes * MINUTE_MS };
}

/** @throws SeedError invalid_settings where there are none, or not all that belong together */
export function readVercelAccess(): VercelAccess {
  return { credentials: readCredentials(), apiUrl: urlSetting('SEED_VERCEL_API_URL') };
}

function readCredentials(): VercelCredentials | null {
  const [token, teamId, projectId] = [env('VERCEL_TOKEN'), env('VERCEL_TEAM_ID'), env('VERCEL_PROJECT_ID')];
  if (token !== undefined && teamId !== undefined && projectId !== undefined) return { token, teamId, projectId };
  const oidc = env('VERCEL_OIDC_TOKEN');
  if (oidc !== undefined) return ofOidcToken(oidc);
  // Set by Vercel in all that it runs: the token comes with each request there.
  if (env('VERCEL') === '1') return null;
  const missing = Object.entries({ VERCEL_TOKEN: token, VERCEL_TEAM_ID: teamId, VERCEL_PROJECT_ID: projectId });
  const names = missing.filter(([, value]) => value === undefined).map(([name]) => name);
  throw new SeedError('invalid_settings', `There are no credentials for Vercel: ${names.join(', ')} not set`, {
    hint: 'Set VERCEL_OIDC_TOKEN (vercel link, then vercel env pull), or VERCEL_TOKEN with VERCEL_TEAM_ID and VERCEL_PROJECT_ID.',
  });
}

/** Nobody verifies it here: the API does. */
function ofOidcToken(token: string): VercelCredentials {
  const claims = parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const { owner_id: teamId, project_id: projectId } = isRecord(claims) ? claims : {};
  if (typeof teamId === 'string' && typeof projectId === 'string') return { token, teamId, projectId };
  throw new SeedError(
    'invalid_settings',
    'VERCEL_OIDC_TOKEN is not a token of Vercel that names a team and a project',
    {
      hint: 'vercel env pull writes a new one into .env.local.',
    },
  );
}
