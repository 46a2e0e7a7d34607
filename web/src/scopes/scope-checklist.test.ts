// Which scopes are offered, and what they allow.
import { expect, it } from 'vitest';
import { toManifest } from '../../../src/command/manifest.ts';
import { BUILT_IN } from '../../../src/server/built-in.ts';
import { chooseScopes, commandsWith, scopeGroups, worstEffect } from './scope-checklist.tsx';

const { commands } = toManifest(BUILT_IN, '1.0.0');
const few = commands.filter(({ scope }) => scope === null || ['keys:read', 'keys:write'].includes(scope));

it('groups the scopes by their noun, with the commands of each', () => {
  expect(
    scopeGroups(few).map(({ noun, scopes }) => [
      noun,
      scopes.map(({ scope, commands: own }) => [scope, own.map(({ name }) => name)]),
    ]),
  ).toEqual([
    [
      'keys',
      [
        ['keys:read', ['keys list', 'keys get', 'keys check']],
        ['keys:write', ['keys create', 'keys update', 'keys rotate', 'keys revoke']],
      ],
    ],
  ]);
});

it('tells what patterns stand for among the scopes of the key, and what it lacks', () => {
  expect(chooseScopes(few, ['keys:*'])).toEqual({ chosen: ['keys:read', 'keys:write'], lacking: [] });
  expect(chooseScopes(few, ['*']).chosen).toEqual(['keys:read', 'keys:write']);
  expect(chooseScopes(few, ['obs:read', 'keys:read', 'key:*'])).toEqual({
    chosen: ['keys:read'],
    lacking: ['obs:read', 'key:*'],
  });
  expect(chooseScopes(few, [])).toEqual({ chosen: [], lacking: [] });
});

it('tells what an agent may use, and the worst that it can do', () => {
  const names = (scopes: string[]) => commandsWith(commands, scopes).map(({ name }) => name);
  expect(names([])).toEqual(['whoami', 'commands show', 'approvals get', 'background get']);
  expect(names(['audit:read'])).toEqual([
    'whoami',
    'commands show',
    'audit list',
    'approvals get',
    'background get',
  ]);
  expect(worstEffect(commandsWith(commands, ['keys:read']))).toBe('read');
  expect(worstEffect(commandsWith(commands, ['webhooks:write']))).toBe('destructive');
});
