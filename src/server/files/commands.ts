// Artifacts: what the agent of a task leaves in /workspace/out.
import { z } from 'zod';
import { defineCommand, defineFile } from '../../command/define-command.ts';
import { FileName, KeptFile } from '../../protocol/file.ts';
import { pageOf } from '../../protocol/page.ts';
import { listArtifacts as list, readArtifact } from './artifacts.ts';
import type { KeptBlobs } from './blobs.ts';

export interface FileNeeds {
  blobs: Pick<KeptBlobs, 'read'>;
}

const TaskId = z.uuid().describe('Id of the task');

export const listArtifacts = defineCommand({
  name: 'tasks artifacts list',
  summary: 'List the artifacts of a task: the files that its agent left in /workspace/out, also while it runs',
  http: 'GET /tasks/{id}/artifacts',
  scope: 'tasks:read',
  effect: 'read',
  input: z.object({ id: TaskId }),
  output: pageOf(KeptFile),
  columns: ['name', 'size', 'type', 'sha256'],
  examples: ['seed tasks artifacts list 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11'],
  run: async ({ id }, call) => ({ items: await list(call, id), nextCursor: null }),
});

export const getArtifact = defineFile({
  name: 'tasks artifacts get',
  summary: 'Download an artifact of a task',
  // The name is no part of the path: it may have slashes, which proxies read each in their own way.
  http: 'GET /tasks/{id}/artifacts/content',
  scope: 'tasks:read',
  effect: 'read',
  input: z.object({
    id: TaskId,
    name: FileName.meta({ examples: ['report.csv'] }).describe('Name of the artifact, as the list has it'),
  }),
  examples: [
    'seed tasks artifacts get 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11 report.csv --output report.csv',
    'seed tasks artifacts get 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11 report.csv | head',
  ],
  file: (artifact, call, { blobs }: FileNeeds) => readArtifact(call, blobs, artifact),
});
