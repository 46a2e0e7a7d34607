// What happens to a whole account: its deletion by the operator, and its export by its own key or the operator's.
import { z } from 'zod';
import { defineCommand, defineFile } from '../../command/define-command.ts';
import { AccountDeletion } from '../../protocol/account-deletion.ts';
import { AccountExport, EXPORT_LIMITS } from '../../protocol/account-export.ts';
import type { KeptBlobs } from '../files/blobs.ts';
import { beginDeletion, told } from './deletions.ts';
import { beginExport, findExport, readPart } from './exports.ts';

const id = z.uuid().describe('Id of the account');
const OneDeletion = z.object({ deletion: AccountDeletion });
const OneExport = z.object({ export: AccountExport });
const exportId = z.uuid().describe('Id of the export');
const EXAMPLE = '5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55';

export const deleteAccount = defineCommand({
  name: 'accounts delete',
  summary: 'Delete an account with all it has: its keys end at once, its tasks stop, and nothing can be had back',
  http: 'POST /accounts/{id}/delete',
  scope: 'accounts:write',
  effect: 'destructive',
  transactional: true,
  operatorOnly: true,
  input: z.object({ id, confirm: z.string().max(1_000).describe('The name of the account, to be sure') }),
  output: OneDeletion,
  examples: [`seed accounts delete ${EXAMPLE} --confirm "Acme Inc"`],
  run: async (input, call) => ({ deletion: await beginDeletion(call, input) }),
});

export const getDeletion = defineCommand({
  name: 'accounts deletion',
  summary: 'Show how far the deletion of an account is, and the sums of its bill that stay',
  http: 'GET /accounts/{id}/deletion',
  scope: 'accounts:read',
  effect: 'read',
  operatorOnly: true,
  input: z.object({ id }),
  output: OneDeletion,
  examples: [`seed accounts deletion ${EXAMPLE}`],
  run: async ({ id: account }, { store }) => ({ deletion: await told(store.db, account) }),
});

export const createExport = defineCommand({
  name: 'accounts exports create',
  summary: 'Begin to write all that an account has into an archive, without secrets; it is kept for a week',
  http: 'POST /accounts/{id}/exports',
  scope: 'accounts:export',
  effect: 'write',
  transactional: true,
  creates: true,
  input: z.object({ id }),
  output: OneExport,
  successStatus: 202,
  examples: [`seed accounts exports create ${EXAMPLE}`],
  run: async ({ id: account }, call) => ({ export: await beginExport(call, account) }),
});

export const getExport = defineCommand({
  name: 'accounts exports get',
  summary: 'Show how far an export of an account is, and the parts of its archive',
  http: 'GET /accounts/{id}/exports/{export}',
  scope: 'accounts:export',
  effect: 'read',
  input: z.object({ id, export: exportId }),
  output: OneExport,
  examples: [`seed accounts exports get ${EXAMPLE} 0d9f1c7e-4a8e-4a55-9f6a-3f1f8f0b7c11`],
  run: async (input, call) => ({ export: await findExport(call, input.id, input.export) }),
});

export const getExportPart = defineFile({
  name: 'accounts exports part',
  summary: 'Download a part of the archive of an export: all of them one after the other are a .tar.gz',
  http: 'GET /accounts/{id}/exports/{export}/parts/{number}',
  scope: 'accounts:export',
  effect: 'read',
  input: z.object({
    id,
    export: exportId,
    number: z
      .number()
      .int()
      .min(1)
      .max(EXPORT_LIMITS.exportParts)
      .meta({ examples: [1] })
      .describe('Number of the part, from 1 on'),
  }),
  examples: [`seed accounts exports part ${EXAMPLE} 0d9f1c7e-4a8e-4a55-9f6a-3f1f8f0b7c11 1 --output part-1`],
  file: (input, call, { blobs }: { blobs: Pick<KeptBlobs, 'sent'> }) => readPart(call, input, blobs),
});
