// Patient intake: batches of forms, what is wrong with them, and what the compliance office sees.
import { definePack } from 'seed/pack';
import { listCompliance, summariseCompliance } from './commands/compliance.ts';
import { flagRecord, getRecord, validateRecords } from './commands/records.ts';
import { listUploads } from './commands/uploads.ts';
import { intake } from './intake.ts';
import { writeSamples } from './samples.ts';
import type { Tables } from './tables.ts';

export const pack = definePack<Tables>({
  name: 'healthcare',
  title: 'Patient intake',
  commands: [listUploads, validateRecords, getRecord, flagRecord, listCompliance, summariseCompliance],
  samples: writeSamples,
  templates: [
    {
      title: 'Patient intake check',
      instruction: intake.example,
      scopes: ['records:read', 'records:write', 'compliance:write'],
    },
  ],
  playbooks: [intake],
});
