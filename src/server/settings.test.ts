import { afterEach, expect, it, vi } from 'vitest';
import { readServerSettings } from './settings.ts';

afterEach(() => void vi.unstubAllEnvs());

function readWith(environment: Record<string, string>) {
  for (const [name, value] of Object.entries({ SEED_RUNNER_TOKEN: 'r'.repeat(32), ...environment }))
    vi.stubEnv(name, value);
  const { basePath, publicUrl } = readServerSettings();
  return [basePath, publicUrl];
}

it.each([
  [{}, ['', null]],
  [{ SEED_BASE_PATH: '/' }, ['', null]],
  [{ SEED_BASE_PATH: '/seed/' }, ['/seed', null]],
  [{ SEED_PUBLIC_URL: 'https://example.com/seed/' }, ['', 'https://example.com/seed']],
  [{ SEED_BASE_PATH: '/seed', SEED_PUBLIC_URL: 'https://example.com' }, ['/seed', 'https://example.com/seed']],
  [
    { SEED_BASE_PATH: '/seed', SEED_PUBLIC_URL: 'https://example.com/seed' },
    ['/seed', 'https://example.com/seed'],
  ],
])('%j is read', (environment, expected) => {
  expect(readWith(environment)).toEqual(expected);
});

it.each([
  [{ SEED_BASE_PATH: 'seed' }, 'SEED_BASE_PATH is no path'],
  [{ SEED_BASE_PATH: '//evil.example' }, 'SEED_BASE_PATH is no path'],
  [{ SEED_BASE_PATH: '/a/../b' }, 'SEED_BASE_PATH is no path'],
  [{ SEED_BASE_PATH: '/api' }, 'begins as paths of Seed itself do'],
  [{ SEED_BASE_PATH: '/mcp/x' }, 'begins as paths of Seed itself do'],
  [{ SEED_BASE_PATH: '/seed', SEED_PUBLIC_URL: 'https://example.com/other' }, 'SEED_PUBLIC_URL leads to /other'],
])('%j is refused', (environment, message) => {
  expect(() => readWith(environment)).toThrow(message);
});
