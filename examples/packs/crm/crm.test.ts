// The commands of the CRM on a real database, without a sandbox.
import { type OpenPack, openPack } from 'seed/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let crm: OpenPack;
beforeAll(async () => {
  crm = await openPack(new URL('./pack.ts', import.meta.url));
  await crm.loadSamples();
});
afterAll(() => crm[Symbol.asyncDispose]());

const daysLeft = async (contactId: string) =>
  (await crm.call('subscriptions status', { contactId })).subscription?.daysLeft;

describe('subscriptions status', () => {
  it.each([
    ['acme-corp', 9],
    ['globex', 14],
    ['initech', 15],
    ['umbrella', -1],
    ['hooli', 0],
    ['kiwi-labs', 14],
    ['aloha-systems', 14],
    ['acme-corporation', undefined],
  ])('of %s: %s days are left', async (contactId, days) => {
    expect(await daysLeft(contactId)).toBe(days);
  });

  it("counts the days of the customer's own calendar", async () => {
    // 2026-01-01 00:00 in London: still the last day of 2025 in Honolulu, afternoon in Auckland.
    const { subscription: aloha } = await crm.call('subscriptions status', { contactId: 'aloha-systems' });
    const { subscription: kiwi } = await crm.call('subscriptions status', { contactId: 'kiwi-labs' });
    expect([aloha.expiresOn, kiwi.expiresOn]).toEqual(['2026-01-14', '2026-01-15']);
    // Half past ten: midnight has come to Honolulu and is still to come in Auckland.
    crm.clock.advance(10.5 * 3_600_000);
    const left = [await daysLeft('aloha-systems'), await daysLeft('kiwi-labs')];
    crm.clock.advance(-10.5 * 3_600_000);
    expect(left).toEqual([13, 14]);
  });

  it('knows no other contact', async () => {
    await expect(crm.call('subscriptions status', { contactId: 'nobody' })).rejects.toMatchObject({
      code: 'not_found',
      hint: expect.stringContaining('seed contacts list'),
    });
  });
});

describe('subscriptions list', () => {
  it('finds what ends within 14 days: 14 are within, 15 and yesterday are not', async () => {
    const { items } = await crm.call('subscriptions list', { expiresWithinDays: 14, limit: 100 });
    expect(items.map(({ contactId }: { contactId: string }) => contactId)).toEqual([
      'acme-corp',
      'aloha-systems',
      'globex',
      'hooli',
      'kiwi-labs',
      'o-briens',
      'soylent',
      'tyrell',
      'vandelay',
    ]);
  });
});

describe('contacts list', () => {
  it('comes in pages that leave nothing out', async () => {
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { items: { id: string }[]; nextCursor: string | null } = await crm.call('contacts list', {
        limit: 50,
        ...(cursor === null ? {} : { cursor }),
      });
      ids.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    const rows = await crm.sql('select id from contacts');
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
    expect(ids.length).toBeGreaterThan(100);
  });

  it('finds a part of a name, as it is written', async () => {
    const { items } = await crm.call('contacts list', { q: 'ACME' });
    expect(items.map(({ id }: { id: string }) => id)).toEqual(['acme-corp', 'acme-corporation']);
    expect((await crm.call('contacts list', { q: '%' })).items).toEqual([]);
  });

  it.each(['nonsense', 'WyJhXHUwMDAwIl0', ''])('refuses the cursor %j', async (cursor) => {
    await expect(crm.call('contacts list', { cursor })).rejects.toMatchObject({ code: 'invalid_input' });
  });
});

describe('emails draft', () => {
  const text = { subject: 'Hello', body: 'Shall we renew?' };

  it("drafts to the contact's own address", async () => {
    const { email } = await crm.call('emails draft', { contactId: 'o-briens', ...text });
    expect(email).toMatchObject({ to: 'seamus@o-briens.example', status: 'draft', ...text });
    const { items } = await crm.call('emails list', { contactId: 'o-briens' });
    expect(items).toEqual([email]);
  });

  it('drafts nothing to a contact without an address', async () => {
    await expect(crm.call('emails draft', { contactId: 'vandelay', ...text })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await crm.sql(`select from emails where contact_id = 'vandelay'`)).toEqual([]);
  });

  it('takes no address from its caller', async () => {
    const wish = { contactId: 'acme-corp', to: 'thief@example.com', ...text };
    await expect(crm.call('emails draft', wish)).rejects.toMatchObject({ code: 'invalid_input' });
  });
});

it('shows another account nothing', async () => {
  const other = await crm.otherAccount();
  for (const list of ['contacts list', 'subscriptions list', 'emails list']) {
    expect(await other.call(list)).toEqual({ items: [], nextCursor: null });
  }
  const draft = other.call('emails draft', { contactId: 'acme-corp', subject: 'a', body: 'b' });
  await expect(draft).rejects.toMatchObject({ code: 'not_found' });
});
