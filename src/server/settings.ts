// The server's settings, from the environment; docs/running.md describes each.
import { isCidr } from '../lib/cidr.ts';
import { env } from '../lib/env.ts';
import { isWellFormedKeySecret } from '../lib/key-secret.ts';
import { SEED_COMMAND } from '../lib/own-files.ts';
import {
  choiceSetting,
  databaseSettings,
  dataDirSetting,
  integerSetting,
  listSetting,
  logLevelSetting,
  packRowSecuritySetting,
  urlSetting,
} from '../lib/settings.ts';

import { SeedError } from '../protocol/errors.ts';
import { oidcSettings } from './access/identities/settings.ts';
import { sessionSettings } from './access/sessions.ts';
import { WEB_FOLDER } from './dashboard/web-files.ts';
import { doorSettings } from './door/settings.ts';
import { readFileSettings } from './files/settings.ts';
import { RULE_OF_TWO } from './grants/rule-of-two.ts';
import { isOwnPath, parsePrefix } from './http/base-path.ts';
import { llmSettings } from './models/settings.ts';
import { CONFIG_FILE, EXAMPLES_FOLDER, PACKS_FOLDER, type PackSettings } from './packs/load-packs.ts';
import { resourceSettings } from './tasks/resources.ts';
import { telemetrySettings } from './telemetry/settings.ts';

export type ServerSettings = ReturnType<typeof readServerSettings>;

/** All that it takes to bring a database up to date. @throws SeedError invalid_settings, naming the variable */
export function readMigrationSettings() {
  return {
    ...databaseSettings(),
    packs: packSettings(),
    packRowSecurity: packRowSecuritySetting(),
    logLevel: logLevelSetting(),
  };
}

/** @throws SeedError invalid_settings, naming the variable */
export function readServerSettings() {
  const token = tokenSetting('SEED_RUNNER_TOKEN', MAKES_TOKEN);
  return {
    host: env('HOST') ?? '127.0.0.1',
    port: integerSetting('PORT', 3210, 0, 65_535),
    dataDir: dataDirSetting(),
    ...readMigrationSettings(),
    /** `wait`: another process migrates the database, and a start waits for it. */
    migrations: choiceSetting('SEED_MIGRATIONS', 'start', ['start', 'wait']),
    adminKey: adminKey(),
    runnerToken: token,
    /** Whether every value of an answer is checked before it is sent, and not only the types. */
    checksAnswers: checksAnswers(),
    /** Addresses of proxies whose X-Forwarded-For is believed, as CIDRs. */
    trustedProxies: cidrsSetting('SEED_TRUSTED_PROXIES'),
    /** Origins of web pages that may call /mcp, besides those of this machine. */
    mcpAllowedOrigins: mcpAllowedOrigins(),
    /** Null: the audit log is kept for ever. */
    auditRetentionDays: auditRetentionDays(),
    /** What goes before the paths of this Seed where it is not alone on its origin; empty: nothing. */
    basePath: basePathSetting(),
    /** How people reach this Seed, for links; null: by the address that it listens on. */
    publicUrl: publicUrlSetting(),
    /** Null: the price list that comes with Seed. */
    pricesFile: env('SEED_PRICES_FILE') ?? null,
    /** Null: nothing is set of any model. */
    modelsFile: env('SEED_MODELS_FILE') ?? null,
    files: readFileSettings(),
    retention: {
      calls: retentionDays('SEED_CALL_RETENTION_DAYS', 90),
      events: retentionDays('SEED_EVENT_RETENTION_DAYS', 30),
    },
    /** What was said in tasks, of all accounts; null: as long as their accounts keep it. */
    contentRetentionDays: contentRetentionDays(),
    /** Null: webhook events are kept for ever. */
    webhookRetentionDays: retentionDays('SEED_WEBHOOK_RETENTION_DAYS', 90),
    /** Ranges that webhooks may be delivered to besides public addresses, as CIDRs. */
    webhookNetworks: cidrsSetting('SEED_WEBHOOK_ALLOWED_NETWORKS'),
    /** What secrets in the database are sealed with; null: the key in the data folder. */
    secretsKey: env('SEED_SECRETS_KEY') === undefined ? null : tokenSetting('SEED_SECRETS_KEY', MAKES_KEY),
    resources: resourceSettings(),
    /** Whose sandboxes call the server themselves; null: tasks have runners. */
    door: doorSettings(),
    llm: llmSettings(),
    telemetry: telemetrySettings(token),
    /** The pack that is being written, `*` for all: commands are taken anew when its files change; null: none. */
    packsDev: env('SEED_PACKS_DEV') ?? null,
    /** What becomes of a task that combines what strangers write, what is private, and changes. */
    ruleOfTwo: choiceSetting('SEED_RULE_OF_TWO', 'warn', RULE_OF_TWO),
    sessions: sessionSettings(),
    /** The platform's own login; null: there are keys alone. */
    oidc: oidcSettings(),
    /** The built dashboard; it may be missing. */
    webFolder: WEB_FOLDER,
  };
}

/** @throws SeedError invalid_settings */
function basePathSetting(): string {
  const text = env('SEED_BASE_PATH') ?? '';
  const prefix = parsePrefix(text);
  if (prefix === null) {
    throw new SeedError('invalid_settings', `SEED_BASE_PATH is no path: ${JSON.stringify(text)}`, {
      hint: 'Write it as /seed: segments of letters, digits, ".", "_", "~" and "-".',
    });
  }
  if (!isOwnPath(prefix)) return prefix;
  throw new SeedError('invalid_settings', `SEED_BASE_PATH begins as paths of Seed itself do: ${prefix}`, {
    hint: 'Choose another, such as /seed.',
  });
}

/** With the base path, also where it is written without. @throws SeedError invalid_settings: with another path */
function publicUrlSetting(): string | null {
  const url = urlSetting('SEED_PUBLIC_URL');
  const basePath = basePathSetting();
  const path = url === null ? '' : new URL(url).pathname.replace(/\/$/, '');
  if (url === null || basePath === '' || path === basePath) return url;
  if (path === '') return url + basePath;
  throw new SeedError('invalid_settings', `SEED_PUBLIC_URL leads to ${path}, and SEED_BASE_PATH is ${basePath}`, {
    hint: 'People reach this Seed under one path: set both to the same.',
  });
}

/** In tests and development they are; in use it would take as long as all the rest of a list. */
function checksAnswers(): boolean {
  const developing = ['test', 'development'].includes(env('NODE_ENV') ?? '');
  return choiceSetting('SEED_CHECK_ANSWERS', developing ? 'values' : 'types', ['values', 'types']) === 'values';
}

function adminKey(): string | null {
  const secret = env('SEED_ADMIN_KEY');
  if (secret === undefined) return null;
  if (isWellFormedKeySecret(secret)) return secret;
  throw new SeedError('invalid_settings', 'SEED_ADMIN_KEY is not an API key: its form or its checksum is wrong', {
    hint: `\`${SEED_COMMAND} keys generate\` makes one; or leave it unset, and the first start makes one and shows it.`,
  });
}

function cidrsSetting(name: string): string[] {
  const hint = 'Write addresses and ranges with commas: 127.0.0.1,10.0.0.0/8,2001:db8::/32.';
  return soundList(name, isCidr, { what: 'address or range', hint });
}

function mcpAllowedOrigins(): string[] {
  const isOrigin = (text: string) => URL.canParse(text) && new URL(text).origin === text;
  const hint = 'Write scheme, host and port as a browser does, with commas: https://console.example.com.';
  return soundList('SEED_MCP_ALLOWED_ORIGINS', isOrigin, { what: 'origin', hint });
}

function soundList(
  name: string,
  isSound: (item: string) => boolean,
  { what, hint }: Record<'what' | 'hint', string>,
) {
  const items = listSetting(name) ?? [];
  const wrong = items.find((item) => !isSound(item));
  if (wrong === undefined) return items;
  throw new SeedError('invalid_settings', `${name}: "${wrong}" is no ${what}`, { hint });
}

/** The database refuses to delete younger entries than 30 days. */
function auditRetentionDays(): number | null {
  if (env('SEED_AUDIT_RETENTION_DAYS') === undefined) return null;
  return integerSetting('SEED_AUDIT_RETENTION_DAYS', 30, 30, 36_500);
}

/** `never` is asked for in words: without the setting nobody shall find the disk full. */
function retentionDays(name: string, fallback: number): number | null {
  return env(name) === 'never' ? null : integerSetting(name, fallback, 1, 36_500);
}

function contentRetentionDays(): number | null {
  return env('SEED_CONTENT_RETENTION_DAYS') === undefined ? null : retentionDays('SEED_CONTENT_RETENTION_DAYS', 1);
}

const MAKES_TOKEN = 'npm start sets it by itself; for servers and runners of their own: openssl rand -hex 32.';
const MAKES_KEY = 'openssl rand -hex 32 makes one; the servers of one database need the same.';

function tokenSetting(name: string, hint: string): string {
  const token = env(name);
  if (token !== undefined && /^[\x21-\x7e]{32,200}$/.test(token)) return token;
  throw new SeedError('invalid_settings', `${name} is not set or shorter than 32 characters`, { hint });
}

/** SEED_PACKS: names with commas between them, or `none`; unset: all but the examples. */
function packSettings(): PackSettings {
  const text = env('SEED_PACKS');
  const names = text?.split(',').map((name) => name.trim());
  const only = text === 'none' ? [] : (names?.filter((name) => name !== '') ?? null);
  return { folder: PACKS_FOLDER, examples: EXAMPLES_FOLDER, config: CONFIG_FILE, only };
}
