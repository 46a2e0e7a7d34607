// Commands that cannot be told apart, and packs that reach into what belongs to another, are refused with both files.
import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineCommand } from './define-command.ts';
import { BUILT_IN, createRegistry } from './registry.ts';

const command = (name: string, http: `GET /${string}`, scope: string | null) =>
  defineCommand({
    name,
    summary: name,
    http,
    scope,
    effect: 'read',
    input: z.object({}),
    output: z.object({}),
    run: async () => ({}),
  });
const notes = { file: 'packs/notes/pack.ts', commands: [command('notes list', 'GET /notes', 'notes:read')] };
const other = (...commands: ReturnType<typeof command>[]) => ({ file: 'packs/other/pack.ts', commands });

it.each([
  ['the name', other(command('notes list', 'GET /others', 'others:read')), /the name "notes list"/],
  ['the route', other(command('others list', 'GET /notes', 'others:read')), /the route "GET \/notes"/],
  ['the noun', other(command('notes get', 'GET /others', 'others:read')), /the noun "notes"/],
  ['the path', other(command('others list', 'GET /notes/x', 'others:read')), /the path "\/notes"/],
  ['the scopes', other(command('others list', 'GET /others', 'notes:write')), /the scope namespace "notes:"/],
])("another pack's: %s", (_, pack, reason) => {
  expect(() => createRegistry(BUILT_IN, [notes, pack])).toThrow(reason);
  expect(() => createRegistry(BUILT_IN, [notes, pack])).toThrow(
    /packs\/other\/pack\.ts.*packs\/notes\/pack\.ts/,
  );
});

it.each([
  ["Seed's own noun", command('keys export', 'GET /exports', null), /the noun "keys".*Seed itself/],
  ["Seed's own scopes", command('exports list', 'GET /exports', 'keys:read'), /the scope namespace "keys:"/],
  ["Seed's own path", command('exports list', 'GET /keys/export', null), /the path "\/keys"/],
  ['the list of commands', command('things list', 'GET /commands', null), /the path "\/commands"/],
  ["the CLI's own word", command('snapshots list', 'GET /things', null), /a word that the CLI keeps/],
])('%s', (_, taken, reason) => {
  expect(() => createRegistry(BUILT_IN, [other(taken)])).toThrow(reason);
});

it('within one pack only names and routes are told apart', () => {
  const pack = other(
    command('others list', 'GET /others', 'others:read'),
    command('others get', 'GET /others/{id}', 'others:read'),
  );
  expect(createRegistry(BUILT_IN, [notes, pack]).scopes(true)).toContain('others:read');
  const twins = other(
    command('others get', 'GET /others/{id}', null),
    command('others show', 'GET /others/{name}', null),
  );
  expect(() => createRegistry(BUILT_IN, [twins])).toThrow(/the route "GET \/others\/\{…\}"/);
});
