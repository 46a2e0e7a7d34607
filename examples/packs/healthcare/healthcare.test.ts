// The rules of an intake form, and the commands of patient intake on a real database, without a sandbox.
import { type OpenPack, openPack } from 'seed/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { duplicates, problemsOf } from './rules.ts';

const COMPLETE = {
  fullName: 'Anna Adler',
  birthDate: '1980-02-29',
  phone: '+1 555 2000',
  insuranceNumber: 'HLT-123456',
  reason: 'check-up',
  consentSignedOn: '2026-01-02',
};

describe('the rules', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    ['complete', {}, []],
    ['signed on the day of the upload', { consentSignedOn: '2026-01-10' }, []],
    ['signed the day after', { consentSignedOn: '2026-01-11' }, ['invalid:consentSignedOn']],
    ['born on the day of the upload', { birthDate: '2026-01-10' }, []],
    ['born tomorrow', { birthDate: '2026-01-11' }, ['invalid:birthDate']],
    ['born on a day that there was not', { birthDate: '1981-02-29' }, ['invalid:birthDate']],
    ['born in 1850', { birthDate: '1850-01-01' }, ['invalid:birthDate']],
    ['with blanks for a name', { fullName: ' \t ' }, ['missing:fullName']],
    ['with a number for a phone', { phone: 5552000 }, ['missing:phone']],
    ['with two mistakes', { phone: '', insuranceNumber: 'x' }, ['missing:phone', 'invalid:insuranceNumber']],
  ])('a form that is %s', (_, changes, problems) => {
    expect(problemsOf({ ...COMPLETE, ...changes }, '2026-01-10')).toEqual(problems);
  });

  it('tell the second form of the same patient', () => {
    const forms = [
      { position: 2, form: { ...COMPLETE, fullName: ' anna  ADLER' } },
      { position: 1, form: COMPLETE },
      { position: 3, form: { ...COMPLETE, birthDate: '1980-03-01' } },
      { position: 4, form: {} },
      { position: 5, form: {} },
    ];
    expect(duplicates(forms)).toEqual(new Set([2]));
  });
});

describe('the commands', () => {
  let intake: OpenPack;
  beforeAll(async () => {
    intake = await openPack(new URL('./pack.ts', import.meta.url));
    // Noon of New Year's Day in London, an hour into the next day in Auckland.
    intake.clock.advance(12 * 3_600_000);
    await intake.loadSamples();
  });
  afterAll(() => intake[Symbol.asyncDispose]());

  const today = async () =>
    (await intake.call('uploads list', { uploadedToday: true })).items.map(({ id }: { id: string }) => id);

  it("goes by the clinic's own day", async () => {
    expect(await today()).toEqual(['intake-harbor-1', 'intake-riverside-2']);
    // At five in London the next day has come to New York, and the one of Auckland still goes on.
    intake.clock.advance(17 * 3_600_000);
    const later = await today();
    intake.clock.advance(-17 * 3_600_000);
    expect(later).toEqual(['intake-harbor-1']);
  });

  it('finds what is wrong, in pages', async () => {
    const first = await intake.call('records validate', { batchId: 'intake-riverside-2', limit: 30 });
    const second = await intake.call('records validate', {
      batchId: 'intake-riverside-2',
      limit: 30,
      cursor: first.nextCursor,
    });
    expect(second.nextCursor).toBeNull();
    const all = [...first.items, ...second.items];
    expect(all.map(({ position }) => position)).toEqual(Array.from({ length: 48 }, (_, index) => index + 1));
    const found = all.filter(({ complete }) => !complete).map(({ position, problems }) => [position, ...problems]);
    expect(found).toEqual([
      [3, 'missing:phone'],
      [9, 'missing:consentSignedOn'],
      [14, 'missing:fullName'],
      [17, 'invalid:birthDate'],
      [21, 'invalid:insuranceNumber', 'missing:reason'],
      [26, 'invalid:birthDate'],
      [33, 'invalid:consentSignedOn'],
      [38, 'invalid:phone'],
      [40, 'duplicate'],
    ]);
    expect(JSON.stringify(all)).not.toMatch(/Adler|HLT-/);
  });

  it('counts for the compliance office what is there at that moment', async () => {
    const batchId = 'intake-harbor-1';
    const summarise = async () => (await intake.call('compliance summarise', { batchId })).summary;
    expect(await summarise()).toMatchObject({
      records: 12,
      complete: 11,
      incomplete: 1,
      unflagged: 1,
      problems: { 'missing:insuranceNumber': 1 },
    });
    const { items } = await intake.call('records validate', { batchId });
    const { recordId: id, problems: flags } = items.find(({ complete }: { complete: boolean }) => !complete);
    await intake.call('records flag', { id, flags });
    expect((await intake.call('records get', { id })).record.flags).toEqual(['missing:insuranceNumber']);
    expect(await summarise()).toMatchObject({ incomplete: 1, unflagged: 0 });
    expect(await intake.call('compliance summarise', { batchId: 'intake-lakeside-1' })).toMatchObject({
      summary: { records: 0, complete: 0, incomplete: 0, problems: {} },
    });
  });

  it.each([
    ['no flag', []],
    ['free text', ['the patient is rude']],
  ])('refuses %s', async (_, flags) => {
    const [{ id }] = await intake.sql('select id from records limit 1');
    await expect(intake.call('records flag', { id, flags })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('shows another account nothing and lets it change nothing', async () => {
    const other = await intake.otherAccount();
    for (const list of ['uploads list', 'compliance list']) {
      expect(await other.call(list)).toEqual({ items: [], nextCursor: null });
    }
    const [{ id }] = await intake.sql('select id from records limit 1');
    const foreign: [string, object][] = [
      ['records validate', { batchId: 'intake-riverside-2' }],
      ['records get', { id }],
      ['records flag', { id, flags: ['duplicate'] }],
      ['compliance summarise', { batchId: 'intake-riverside-2' }],
    ];
    for (const [command, input] of foreign) {
      await expect(other.call(command, input)).rejects.toMatchObject({ code: 'not_found' });
    }
  });
});
