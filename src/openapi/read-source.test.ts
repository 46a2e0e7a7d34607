// Names of hosts that a document's files come from, which may lead elsewhere the second time.
import { expect, it } from 'vitest';
import { lookUpGuard } from './read-source.ts';

it('a document is not led into a network by a name that was public before', () => {
  const next: Record<string, string[]> = {
    led: ['9.9.9.9', '127.0.0.1'],
    ours: ['10.0.0.1'],
    back: ['9.9.9.9', '8.8.8.8'],
  };
  const guard = lookUpGuard((name, _options, done) =>
    done(null, [{ address: next[name]?.shift() ?? '10.0.0.2', family: 4 }]),
  );
  const addressOf = (name: string) => {
    let found: string | null | undefined;
    guard(name, {}, (error, address) => {
      found = error === null ? String(address) : error.message;
    });
    return found;
  };
  expect([addressOf('led'), addressOf('led')]).toEqual([
    '9.9.9.9',
    expect.stringContaining('an internal one now'),
  ]);
  // An importer's own network is one that was named.
  expect([addressOf('ours'), addressOf('ours')]).toEqual(['10.0.0.1', '10.0.0.2']);
  expect([addressOf('back'), addressOf('back')]).toEqual(['9.9.9.9', '8.8.8.8']);
});
