// Artifacts, what the agent of a task leaves in /workspace/out; and files that are in the store before a task.
import { z } from 'zod';
import { defineCommand, defineFile } from '../../command/define-command.ts';
import { FileName, KeptFile } from '../../protocol/file.ts';
import { pageOf } from '../../protocol/page.ts';
import { NewUpload, Upload } from '../../protocol/upload.ts';
import { listArtifacts as list, readArtifact } from './artifacts.ts';
import type { KeptBlobs } from './blobs.ts';
import { openUpload } from './uploads.ts';

export interface FileNeeds {
  blobs: Pick<KeptBlobs, 'sent' | 'presigner'>;
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

export const uploadFile = defineCommand({
  name: 'tasks upload',
  summary: 'Announce a file that you then send to the store yourself, and name in "uploads" when you start a task',
  http: 'POST /tasks/uploads',
  scope: 'tasks:write',
  effect: 'write',
  creates: true,
  successStatus: 201,
  input: NewUpload,
  output: z.object({ upload: Upload }),
  examples: [
    'seed tasks upload --size 3 --sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  ],
  run: async (input, call, { blobs }: FileNeeds) => ({ upload: await openUpload(call, input, blobs) }),
});
