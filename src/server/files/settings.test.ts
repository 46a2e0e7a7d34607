import { afterEach, expect, it, vi } from 'vitest';
import { readFileSettings } from './settings.ts';

const S3 = {
  SEED_S3_ENDPOINT: 'https://s3.example.com/',
  SEED_S3_BUCKET: 'files',
  SEED_S3_ACCESS_KEY_ID: 'id',
  SEED_S3_SECRET_ACCESS_KEY: 'the-secret',
};
const set = (variables: Record<string, string>) => {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
};
afterEach(() => vi.unstubAllEnvs());

it('without any setting files lie in the data folder, for 30 days', () => {
  expect(readFileSettings()).toEqual({ s3: null, retentionDays: 30 });
  set({ SEED_FILE_RETENTION_DAYS: 'never' });
  expect(readFileSettings().retentionDays).toBeNull();
});

it('with all of them they lie in the bucket', () => {
  set({ ...S3, SEED_FILE_RETENTION_DAYS: '7' });
  expect(readFileSettings()).toEqual({
    s3: {
      endpoint: 'https://s3.example.com',
      bucket: 'files',
      region: 'us-east-1',
      accessKeyId: 'id',
      secretAccessKey: 'the-secret',
    },
    retentionDays: 7,
  });
});

it.each(Object.keys(S3))('without %s alone it says so, and nothing of the secret', (missing) => {
  set({ ...S3, [missing]: '' });
  expect(readFileSettings).toThrow(`${missing} is not set`);
  expect(readFileSettings).not.toThrow(/the-secret/);
});

it.each(['Files', 'a', '../x', 'a/b', 'a b'])('the bucket %j is none', (bucket) => {
  set({ ...S3, SEED_S3_BUCKET: bucket });
  expect(readFileSettings).toThrow('SEED_S3_BUCKET');
});
