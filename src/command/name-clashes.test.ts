import { expect, test } from 'vitest';
import { BUILT_IN } from '../server/built-in.ts';
import { clashesBetween, OWN_NOUNS, refuseClashes } from './name-clashes.ts';

const command = (name: string, http: string, scope: string | null = null) => ({ name, http, scope });
const seed = { file: 'Seed itself', commands: BUILT_IN };

test('the nouns that are reserved for commands of Seed itself are those that it has', () => {
  const nouns = BUILT_IN.map(({ name }) => name.split(' ')[0] ?? '');
  expect([...new Set(nouns)].sort()).toEqual(OWN_NOUNS);
});

test("Seed's own commands clash in nothing", () => {
  expect(clashesBetween([seed])).toEqual([]);
});

test('every clash is told, each once: nouns, paths, scopes, names, routes, events, and what is reserved', () => {
  const event = { name: 'note.made', summary: 'x' };
  const notes = {
    file: 'packs/notes/pack.ts',
    commands: [
      command('notes list', 'GET /notes', 'notes:read'),
      command('notes get', 'GET /notes/{id}', 'notes:read'),
      command('keys peek', 'GET /peek', 'keys:read'),
      command('login now', 'GET /commands'),
    ],
    events: [event],
  };
  const other = {
    file: 'packs/other/pack.ts',
    commands: [
      command('notes add', 'POST /notes', 'notes:write'),
      command('notes drop', 'POST /notes/{id}/drop', 'notes:write'),
      command('others get', 'GET /others/{id}'),
      command('others get', 'GET /others/{name}'),
    ],
    events: [event],
  };
  expect(clashesBetween([seed, notes, other])).toEqual([
    'packs/notes/pack.ts: "login now" begins with a word that the CLI keeps to itself',
    'packs/other/pack.ts: the name "others get" of "others get" is taken by "others get" of packs/other/pack.ts',
    'packs/other/pack.ts: the route "GET /others/{…}" of "others get" is taken by "others get" of packs/other/pack.ts',
    'packs/notes/pack.ts: the noun "keys" of "keys peek" is taken by "keys create" of Seed itself',
    'packs/other/pack.ts: the noun "notes" of "notes add" is taken by "notes list" of packs/notes/pack.ts',
    'packs/notes/pack.ts: the path "/commands" of "login now" is taken by "commands show" of Seed itself',
    'packs/other/pack.ts: the path "/notes" of "notes add" is taken by "notes list" of packs/notes/pack.ts',
    'packs/notes/pack.ts: the scope namespace "keys:" of "keys peek" is taken by "keys create" of Seed itself',
    'packs/other/pack.ts: the scope namespace "notes:" of "notes add" is taken by "notes list" of packs/notes/pack.ts',
    'packs/other/pack.ts: the type of events "note.made" is taken by packs/notes/pack.ts',
  ]);
  expect(() => refuseClashes([seed, notes, other])).toThrow(/keys peek[\s\S]*note\.made/);
});
