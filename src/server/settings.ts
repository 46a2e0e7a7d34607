// The server's settings, from the environment; docs/running.md describes each.
import { isCidr } from '../core/cidr.ts';
import { isWellFormedKeySecret } from '../core/key-secret.ts';
import { env } from '../lib/env.ts';
import { dataDirSetting, integerSetting, logLevelSetting, urlSetting } from '../lib/settings.ts';
import { SeedError } from '../protocol/errors.ts';
import { type FileSettings, readFileSettings } from './blobs/settings.ts';
import type { LlmSettings } from './llm/gateway.ts';
import { resourceSettings } from './resource-settings.ts';
import type { ResourcePolicy } from './services/resources.ts';
import { type TelemetrySettings, telemetrySettings } from './telemetry/telemetry-settings.ts';

export interface ServerSettings {
  host: string;
  port: number;
  dataDir: string;
  /** Null: the embedded Postgres. */
  databaseUrl: string | null;
  adminKey: string | null;
  runnerToken: string;
  logLevel: string;
  /** Addresses of proxies whose X-Forwarded-For is believed, as CIDRs. */
  trustedProxies: string[];
  /** Null: the audit log is kept for ever. */
  auditRetentionDays: number | null;
  /** Null: the price list that comes with Seed. */
  pricesFile: string | null;
  /** Null: calls, and with them the ledgers of tasks, are kept for ever. */
  callRetentionDays: number | null;
  files: FileSettings;
  llm: LlmSettings;
  resources: ResourcePolicy;
  telemetry: TelemetrySettings;
}

/** @throws SeedError invalid_settings, naming the variable */
export function readServerSettings(): ServerSettings {
  const token = runnerToken();
  return {
    host: env('HOST') ?? '127.0.0.1',
    port: integerSetting('PORT', 3210, 0, 65_535),
    dataDir: dataDirSetting(),
    databaseUrl: databaseUrl(),
    adminKey: adminKey(),
    runnerToken: token,
    logLevel: logLevelSetting(),
    trustedProxies: trustedProxies(),
    auditRetentionDays: auditRetentionDays(),
    pricesFile: env('SEED_PRICES_FILE') ?? null,
    callRetentionDays: callRetentionDays(),
    resources: resourceSettings(),
    telemetry: telemetrySettings(token),
    files: readFileSettings(),
    llm: {
      baseUrl: urlSetting('SEED_LLM_BASE_URL'),
      apiKey: env('SEED_LLM_API_KEY') ?? null,
      defaultModel: env('SEED_LLM_MODEL') ?? null,
      openRouterKey: env('OPENROUTER_API_KEY') ?? null,
    },
  };
}

/** What it says may hold a password, so the error does not repeat it. */
function databaseUrl(): string | null {
  const url = env('DATABASE_URL');
  if (url === undefined || /^postgres(ql)?:\/\//.test(url)) return url ?? null;
  throw new SeedError('invalid_settings', 'DATABASE_URL is not a Postgres URL', {
    hint: 'Write it as postgres://user:password@host:5432/database, or unset it to use the embedded Postgres.',
  });
}

function adminKey(): string | null {
  const secret = env('SEED_ADMIN_KEY');
  if (secret === undefined) return null;
  if (isWellFormedKeySecret(secret)) return secret;
  throw new SeedError(
    'invalid_settings',
    'SEED_ADMIN_KEY is not an API key: its form or its checksum is wrong',
    {
      hint: 'Leave it unset and the first start makes one, or make one with "node scripts/new-key.ts".',
    },
  );
}

function trustedProxies(): string[] {
  const cidrs = (env('SEED_TRUSTED_PROXIES') ?? '').split(',').flatMap((text) => text.trim() || []);
  const wrong = cidrs.find((cidr) => !isCidr(cidr));
  if (wrong === undefined) return cidrs;
  throw new SeedError('invalid_settings', `SEED_TRUSTED_PROXIES: "${wrong}" is no address or range`, {
    hint: 'Write addresses and ranges with commas: 127.0.0.1,10.0.0.0/8,2001:db8::/32.',
  });
}

/** The database refuses to delete younger entries than 30 days. */
function auditRetentionDays(): number | null {
  if (env('SEED_AUDIT_RETENTION_DAYS') === undefined) return null;
  return integerSetting('SEED_AUDIT_RETENTION_DAYS', 30, 30, 36_500);
}

/** `never` is asked for in words: without the setting nobody shall find the disk full of calls. */
function callRetentionDays(): number | null {
  if (env('SEED_CALL_RETENTION_DAYS') === 'never') return null;
  return integerSetting('SEED_CALL_RETENTION_DAYS', 90, 1, 36_500);
}

function runnerToken(): string {
  const token = env('SEED_RUNNER_TOKEN');
  if (token !== undefined && /^[\x21-\x7e]{32,200}$/.test(token)) return token;
  throw new SeedError('invalid_settings', 'SEED_RUNNER_TOKEN is not set or shorter than 32 characters', {
    hint: 'npm start sets it by itself; for servers and runners of their own: openssl rand -hex 32.',
  });
}
