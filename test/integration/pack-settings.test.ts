// Settings, secrets and `around` of a pack, and what a test of a pack can ask for: events, and the scopes of a key.
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILT_IN } from '../../src/server/built-in.ts';
import { loadPacks } from '../../src/server/packs/load-packs.ts';
import { commandText, type PackFolder, packFolder } from '../fixtures/pack-folder.ts';
import { type OpenPack, openPack } from '../pack.ts';

const SECRET = 'canary "7f/+3"';
const ENV = { SEED_PACK_SHOP_EU_MAIL_TOKEN: SECRET, SEED_PACK_SHOP_EU_MOST: '3' };

const command = (verb: string, run: string, fields: Record<string, string> = {}) =>
  commandText({
    name: `'orders ${verb}'`,
    http: `'POST /orders/${verb}'`,
    scope: `'orders:${verb}'`,
    effect: `'write'`,
    output: 'z.object({ shown: z.any() })',
    run,
    ...fields,
  });
const PACK = `import { commandsOn, definePack, SeedError, z } from 'seed/pack';
const defineCommand = commandsOn();
const counts = new Map();
export const pack = definePack({
  name: 'shop-eu', title: 'Shop',
  config: z.object({ currency: z.string().default('EUR'), most: z.coerce.number().describe('Orders a day') }),
  secrets: z.object({ mailToken: z.string().min(10).describe('of the mail service') }),
  events: [{ name: 'order.made', summary: 'An order was made' }],
  async around({ command, input, context }, next) {
    const count = (counts.get(command.name) ?? 0) + 1;
    counts.set(command.name, count);
    if (command.name === 'orders count' && count > context.config.most)
      throw new SeedError('rate_limited', 'three a day');
    const answer = await next();
    if (command.effect !== 'read') context.emit('order.made', { by: command.name, input });
    return answer;
  },
  commands: [${[
    command(
      'show',
      `async (_, { config, secrets }) => ({ shown: { config, secrets, length: secrets.mailToken.length } })`,
    ),
    command('count', 'async () => ({ shown: 1 })'),
    command(
      'fail',
      `async (_, { secrets }) => { const cause = new Error('the service at ' + encodeURIComponent(secrets.mailToken)); cause.request = { headers: { authorization: 'Bearer ' + secrets.mailToken } }; throw new Error('refused ' + secrets.mailToken, { cause }); }`,
    ),
    command(
      'refuse',
      `async (_, { secrets }) => { throw new SeedError('conflict', 'no ' + secrets.mailToken, { hint: Buffer.from(secrets.mailToken).toString('base64') }); }`,
    ),
  ].join(',\n')}],
});
`;

let folder: PackFolder;
let shop: OpenPack;
const file = () => new URL('shop-eu/pack.ts', folder.settings.folder);
beforeAll(async () => {
  folder = await packFolder({ 'shop-eu/pack.ts': PACK, 'shop-eu/migrations/0001_none.sql': '' });
  shop = await openPack(file(), { env: ENV });
});
afterAll(async () => {
  await shop?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

describe('settings', () => {
  it('are read as they are declared, and secrets are there for who asks by name alone', async () => {
    expect((await shop.call('orders show')).shown).toEqual({
      config: { currency: 'EUR', most: 3 },
      secrets: {},
      length: SECRET.length,
    });
  });

  it('that are missing or wrong keep a server from starting: all at once, by their names and never with a value', async () => {
    await expect(loadPacks(folder.settings, BUILT_IN)).rejects.toMatchObject({
      code: 'invalid_settings',
      message: [
        'SEED_PACK_SHOP_EU_MOST is not set (Orders a day)',
        'SEED_PACK_SHOP_EU_MAIL_TOKEN is not set (of the mail service)',
      ].join('\n'),
    });
    const wrong = openPack(file(), { env: { ...ENV, SEED_PACK_SHOP_EU_MAIL_TOKEN: 'short' } });
    await expect(wrong).rejects.toThrow(/^SEED_PACK_SHOP_EU_MAIL_TOKEN is not right: Too small/);
  });
});

describe('a secret', () => {
  it.each(['orders fail', 'orders refuse'])('is in nothing that %s throws', async (name) => {
    const error = await shop.call(name).catch((caught: unknown) => caught);
    const shown = inspect(error, { depth: 10, showHidden: true });
    expect(shown).toContain('[removed]');
    for (const form of [SECRET, 'canary', encodeURIComponent(SECRET), Buffer.from(SECRET).toString('base64')])
      expect(shown).not.toContain(form);
  });
});

it('lets one function come before and after every command: a rate and a record of what was done', async () => {
  for (let count = 1; count <= 3; count++) await shop.call('orders count');
  await expect(shop.call('orders count')).rejects.toMatchObject({ code: 'rate_limited' });
  const made = (await shop.events()).filter(({ data }) => data.by === 'orders count');
  expect(made).toEqual(Array(3).fill({ type: 'order.made', data: { by: 'orders count', input: {} } }));
});

it('refuses a key what its scopes do not cover', async () => {
  const key = shop.withScopes(['orders:show']);
  await key.call('orders show');
  await expect(key.call('orders count')).rejects.toMatchObject({ code: 'missing_scope' });
});
