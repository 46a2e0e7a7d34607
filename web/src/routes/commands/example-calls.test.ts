// The calls shown are made from the real commands, and so are what these tests look at.
import { describe, expect, it } from 'vitest';
import { toManifest } from '../../../../src/command/manifest.ts';
import { BUILT_IN } from '../../../../src/server/built-in.ts';
import { cliCalls, curlCall, inputRows, mcpCall } from './example-calls.ts';

const { commands } = toManifest(BUILT_IN, '1.0.0');
const ORIGIN = 'https://seed.example';

function command(name: string) {
  const found = commands.find((one) => one.name === name);
  if (!found) throw new Error(`there is no command ${name}`);
  return found;
}

describe('curl', () => {
  it('puts the path, the body and the method together', () => {
    expect(curlCall(command('keys create'), ORIGIN)).toBe(
      [
        'curl "https://seed.example/api/v1/keys"',
        '-H "Authorization: Bearer $SEED_API_KEY"',
        '-H "Content-Type: application/json"',
        `-d '{"name":"<name>","scopes":["keys:read"]}'`,
      ].join(' \\\n  '),
    );
    expect(curlCall(command('keys revoke'), ORIGIN)).toContain(
      'curl -X POST "https://seed.example/api/v1/keys/<id>/revoke"',
    );
    expect(curlCall(command('keys list'), ORIGIN)).toContain('curl "https://seed.example/api/v1/keys"');
    expect(curlCall(command('tasks events'), ORIGIN)).toContain('--no-buffer');
  });
});

it('MCP has the tools that the server has, and none for what it does not serve', () => {
  expect(mcpCall(command('tasks run'))).toContain('"runTask"');
  expect(mcpCall(command('keys revoke'))).toContain('"keys_revoke"');
  expect(mcpCall(command('whoami'))).toBeNull();
  expect(mcpCall(command('webhooks events stream'))).toBeNull();
});

it.each(commands.map((one) => [one.name, one] as const))('%s has calls without a hole', (_, one) => {
  const shown = [cliCalls(one), curlCall(one, ORIGIN), mcpCall(one) ?? ''].join('\n');
  expect(shown).not.toMatch(/undefined|\[object|NaN/);
  for (const row of inputRows(one.input)) expect(row.type, row.name).not.toMatch(/undefined|any/);
});
