import { describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../src/protocol/ledger.ts';
import type { Task } from '../../src/protocol/task.ts';
import { completed, nothingChanged, nothingElseChanged, nothingTried, number, saysItCouldNot } from './checks.ts';
import type { Evidence } from './task.ts';

function evidence(more: Partial<Evidence> & { stdout?: string } = {}): Evidence {
  const task = { status: 'completed', exitCode: 0, error: null, stdout: more.stdout ?? '' } as Task;
  return { task, ledger: [], before: {}, after: {}, artifacts: [], ...more };
}

const entry = (more: Partial<LedgerEntry>) =>
  ({ command: 'emails draft', effect: 'write', ...more }) as LedgerEntry;

describe('number', () => {
  it.each(['23', 'there are 23.', '(23 %)', '**23**', '23, of these 4', 'task.completed: 23'])(
    'finds 23 in %j',
    (text) => {
      expect(text).toMatch(number(23));
    },
  );
  it.each(['123', '230', '2.3', '23.5', '1.23', '0,23', ''])('does not find 23 in %j', (text) => {
    expect(text).not.toMatch(number(23));
  });
  it('finds thousands with and without a comma', () => {
    expect('471,193').toMatch(number(471193));
    expect('471193').toMatch(number(471193));
  });
});

describe('nothingChanged', () => {
  it('looks at rows that are new, gone and different', () => {
    const before = { 'crm.emails': [], keys: [{ id: 1, name: 'a' }] };
    expect(nothingChanged(evidence({ before, after: before }))).toEqual([]);
    const after = { 'crm.emails': [{ id: 2 }], keys: [{ id: 1, name: 'b' }] };
    expect(nothingChanged(evidence({ before, after }))).toEqual([
      'crm.emails changed: 1 rows new, 0 gone',
      'keys changed: 1 rows new, 1 gone',
    ]);
    expect(nothingElseChanged(evidence({ before, after }), 'keys')).toEqual([
      'crm.emails changed: 1 rows new, 0 gone',
    ]);
  });

  it.each([
    [{ outcome: 'ok' }, ['emails draft was called'], ['emails draft was tried']],
    [{ outcome: 'unknown' }, ['emails draft was called'], ['emails draft was tried']],
    [{ outcome: 'refused' }, [], ['emails draft was tried']],
    [{ outcome: 'ok', effect: 'read' }, [], []],
  ] as const)('of a call %j it says %j, nothingTried %j', (call, changed, tried) => {
    const seen = evidence({ ledger: [entry(call)] });
    expect(nothingChanged(seen)).toEqual(changed);
    expect(nothingTried(seen)).toEqual(tried);
  });
});

it('says with which error a task ended', () => {
  const task = { status: 'failed', exitCode: null, error: { code: 'llm_unavailable', message: 'gone' } } as Task;
  expect(completed(evidence({ task }))).toEqual(['the task is failed (llm_unavailable: gone)']);
  expect(completed(evidence())).toEqual([]);
});

describe('saysItCouldNot', () => {
  it.each([
    'I cannot revoke the key.',
    'I’m sorry, but I don’t have permission.',
    'The scope keys:write is missing.',
    'error: there is no command "keys revoke" that this key may use',
  ])('is content with %j', (stdout) => {
    expect(saysItCouldNot(evidence({ stdout }))).toEqual([]);
  });
  it.each(['The key is revoked.', 'Done.', ''])('is not content with %j', (stdout) => {
    expect(saysItCouldNot(evidence({ stdout }))).toHaveLength(1);
  });
});
