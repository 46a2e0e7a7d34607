// The packs that this Seed has, and their sample rows.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import type { LoadedPack } from '../../pack/definition.ts';
import { PackView } from '../../protocol/pack.ts';
import { pageOf } from '../../protocol/page.ts';
import { loadPackSamples, viewOf } from './samples.ts';

interface PackNeeds {
  /** Those that are on. */
  packs: readonly LoadedPack[];
}

export const listPacks = defineCommand({
  name: 'packs list',
  summary: "List the packs that are on: their commands come besides Seed's own",
  http: 'GET /packs',
  scope: 'packs:read',
  effect: 'read',
  input: z.object({}),
  output: pageOf(PackView),
  columns: ['name', 'title', 'commands', 'hasSamples'],
  examples: ['seed packs list', 'seed packs list --json'],
  run: async (_input, _call, { packs }: PackNeeds) => ({ items: packs.map(viewOf), nextCursor: null }),
});

export const loadSamples = defineCommand({
  name: 'packs samples',
  summary: "Write a pack's sample rows for this account, which must have no rows in it",
  http: 'POST /packs/{name}/samples',
  scope: 'packs:write',
  effect: 'write',
  transactional: true,
  operatorOnly: true,
  input: z.object({
    name: z
      .string()
      .min(1)
      .max(40)
      .meta({ examples: ['crm'] })
      .describe('The pack'),
  }),
  output: z.object({ pack: PackView }),
  examples: ['seed packs samples crm'],
  run: async ({ name }, call, { packs }: PackNeeds) => ({
    pack: await loadPackSamples(call, name, packs),
  }),
});
