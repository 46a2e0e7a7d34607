// The settings of the blob store, from the environment; docs/running.md describes each.
import { env } from '../../lib/env.ts';
import { integerSetting, urlSetting } from '../../lib/settings.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { S3Settings } from './blob-store.ts';

export interface FileSettings {
  /** Null: a folder in the data folder. */
  s3: S3Settings | null;
  /** Days after which files and artifacts are removed; null: never. */
  retentionDays: number | null;
}

/** @throws SeedError invalid_settings, naming the variable */
export function readFileSettings(): FileSettings {
  const never = env('SEED_FILE_RETENTION_DAYS') === 'never';
  return {
    s3: s3Settings(),
    retentionDays: never ? null : integerSetting('SEED_FILE_RETENTION_DAYS', 30, 1, 36_500),
  };
}

const NEEDED = ['SEED_S3_BUCKET', 'SEED_S3_ACCESS_KEY_ID', 'SEED_S3_SECRET_ACCESS_KEY'] as const;

function s3Settings(): S3Settings | null {
  const endpoint = urlSetting('SEED_S3_ENDPOINT');
  const [bucket, accessKeyId, secretAccessKey] = NEEDED.map((name) => env(name));
  if (endpoint === null && NEEDED.every((name) => env(name) === undefined)) return null;
  if (endpoint === null) throw incomplete('SEED_S3_ENDPOINT');
  if (bucket === undefined || accessKeyId === undefined || secretAccessKey === undefined)
    throw incomplete(NEEDED.find((name) => env(name) === undefined) ?? '');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    throw new SeedError('invalid_settings', `SEED_S3_BUCKET is "${bucket}", no name of a bucket`);
  return { endpoint, bucket, region: env('SEED_S3_REGION') ?? 'us-east-1', accessKeyId, secretAccessKey };
}

function incomplete(name: string): SeedError {
  return new SeedError('invalid_settings', `${name} is not set although another of SEED_S3_… is`, {
    hint: `An S3 store needs SEED_S3_ENDPOINT and ${NEEDED.join(', ')}; without any of them files lie in the data folder.`,
  });
}
