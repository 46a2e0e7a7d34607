import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isOwnPath } from '../../src/server/http/base-path.ts';
import { MOST_SECONDS } from './function.ts';

interface VercelSettings {
  functions: Record<string, { maxDuration: number }>;
  rewrites: { source: string; destination: string }[];
}

const settings = JSON.parse(readFileSync(new URL('./vercel.json', import.meta.url), 'utf8')) as VercelSettings;

it('gives the dashboard every page, and the function every path of Seed itself', () => {
  const [{ source } = { source: '' }] = settings.rewrites;
  const isPage = (path: string) => new RegExp(`^${source}$`).test(path);
  const own = [
    'api',
    'mcp',
    'llm',
    'runner',
    'metrics',
    'docs',
    'openapi.json',
    'cli',
    'healthz',
    'readyz',
    'session',
  ];
  for (const name of [...own, '.well-known', 'approve', 'assets']) {
    expect(isOwnPath(`/${name}`), name).toBe(true);
    expect(isPage(`/${name}`), name).toBe(false);
  }
  for (const path of [
    '/api/v1/tasks',
    '/docs/reference',
    '/approve/token',
    '/.well-known/oauth-protected-resource',
  ])
    expect(isPage(path), path).toBe(false);
  for (const path of ['/', '/tasks', '/tasks/8f14e45f', '/apis', '/keys']) {
    expect(isOwnPath(path), path).toBe(false);
    expect(isPage(path), path).toBe(true);
  }
});

it('lets answers take as long as the function thinks', () => {
  expect(settings.functions['index.js']?.maxDuration).toBe(MOST_SECONDS);
});
