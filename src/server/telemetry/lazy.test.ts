import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { exec } from '../../lib/exec.ts';

/**
 * Loads the server and opens its telemetry; prints what of the libraries was loaded, but for what pg-boss loads
 * anyway.
 */
const PROGRAM = `
import { registerHooks } from 'node:module';
const loaded = new Set();
registerHooks({
  load(url, context, next) {
    const name = /node_modules\\/(prom-client|@opentelemetry\\/(?!api\\/)[\\w-]+)\\//.exec(url)?.[1];
    if (name) loaded.add(name);
    return next(url, context);
  },
});
await import('./src/server/server.ts');
const { openTelemetry } = await import('./src/server/telemetry/telemetry.ts');
await openTelemetry({ settings: JSON.parse(process.argv[1]), version: '1', models: () => [] });
console.log([...loaded].sort().join(' '));
`;
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

async function loadedWith(settings: object): Promise<string> {
  const args = ['--input-type=module', '-e', PROGRAM, JSON.stringify(settings)];
  return (await exec(process.execPath, args, { cwd: ROOT, timeoutMs: 20_000 })).trim();
}

it('without the settings nothing of metrics and traces is loaded', async () => {
  expect(await loadedWith({ metricsToken: null, traces: null })).toBe('');
  expect(await loadedWith({ metricsToken: 'token', traces: null })).toContain('prom-client');
  const traces = { url: 'http://127.0.0.1:9/', queueSize: 1, batchSize: 1 };
  expect(await loadedWith({ metricsToken: null, traces })).toContain('@opentelemetry/sdk-trace');
}, 30_000);
