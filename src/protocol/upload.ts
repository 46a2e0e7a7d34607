// Files that callers send to the store themselves, because a request cannot carry them.
import { z } from 'zod';
import { FileName, MediaType } from './file.ts';
import { LIMITS } from './limits.ts';

export const NewUpload = z.object({
  size: z.int().nonnegative().max(LIMITS.fileBytesPerTask).describe('Bytes of the file'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'this is no SHA-256 in lower-case hexadecimal')
    .describe('Of its content, hexadecimal'),
});

export const Upload = z
  .object({
    id: z.string().describe('What a task names it by'),
    size: z.number().int().nonnegative().describe('Bytes, exactly so many'),
    sha256: z.string().describe('Of its content: the store takes no other'),
    method: z.literal('PUT'),
    url: z.string().describe('Where the bytes are sent, to the store itself'),
    headers: z.record(z.string(), z.string()).describe('Sent with them as they are'),
    sendBefore: z.string().describe('The store takes no request that begins later'),
    expiresAt: z.string().describe('From then on no task can be given it'),
  })
  .meta({ id: 'Upload' });
export type Upload = z.infer<typeof Upload>;

const GivenUpload = z.object({
  id: z.uuid().describe('Id of the upload'),
  name: FileName.describe('Its path below /workspace/in'),
  type: MediaType.optional().describe('Its media type; omitted: by its name'),
});
export type GivenUpload = z.infer<typeof GivenUpload>;

export const GivenUploads = z
  .array(GivenUpload)
  .max(LIMITS.filesPerTask, `a task takes at most ${LIMITS.filesPerTask} files`);
