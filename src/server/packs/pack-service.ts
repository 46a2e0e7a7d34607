// The packs of this server, and their sample rows.
import type { Actor } from '../../command/call.ts';
import type { PackService } from '../../command/context.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { PackView } from '../../protocol/pack.ts';
import type { ServerParts } from '../parts.ts';
import type { LoadedPack } from './pack.ts';
import { accountHasRows, inPackTransaction } from './tables.ts';

export function packService({ store, packs }: ServerParts, { accountId }: Actor): PackService {
  return {
    list: async () => ({ items: packs.map(viewOf), nextCursor: null }),
    loadSamples: async (name) => {
      const pack = packs.find((candidate) => candidate.name === name);
      if (!pack) {
        throw new SeedError('not_found', `there is no pack "${name}"`, {
          hint: 'seed packs list shows them.',
        });
      }
      const { samples } = pack;
      if (!samples) throw new SeedError('conflict', `the pack "${name}" brings no sample rows`);
      await inPackTransaction(store.db, name, 'read write', async (db) => {
        if (await accountHasRows(db, name, accountId)) {
          throw new SeedError('conflict', `the account has rows in the pack "${name}" already`, {
            hint: 'Sample rows are for an account that has none; nothing was changed.',
          });
        }
        await samples({ accountId, db, now: store.clock.now() });
      });
      return viewOf(pack);
    },
  };
}

function viewOf({ name, title, commands, samples }: LoadedPack): PackView {
  return {
    name,
    title,
    commands: commands.map((command) => command.name),
    scopes: [...new Set(commands.flatMap((command) => command.scope ?? []))].sort(),
    hasSamples: samples !== undefined,
  };
}
