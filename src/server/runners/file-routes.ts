// What runners fetch and bring of a task's files, under /runner/v1/tasks/{id}; the wire is described in protocol/runner.ts.
import { Readable } from 'node:stream';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import { SeedError } from '../../protocol/errors.ts';
import { FileName } from '../../protocol/file.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { RUNNER_HEADER } from '../../protocol/runner.ts';
import { deleteArtifact, filesOfLease, saveArtifact } from '../files/task-files.ts';
import type { HttpEnv } from '../http/http-types.ts';
import { bodyStream } from '../http/read-files.ts';
import { invalidInput } from '../http/read-input.ts';
import type { ServerParts } from '../parts.ts';

export function runnerFileRoutes({ store, blobs, inbox }: ServerParts): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();

  app.get('/:id/files', async (c) => {
    const files = await filesOfLease(store.db, held(c));
    const file = files.find(({ name }) => name === nameOf(c));
    if (!file) throw new SeedError('not_found', 'the task has no such file');
    c.header('Content-Type', 'application/octet-stream');
    c.header('Content-Length', String(file.size));
    return c.body(Readable.toWeb(await blobs.read(file.blobId)) as ReadableStream);
  });

  app.put('/:id/artifacts', async (c) => {
    const lease = held(c);
    const name = nameOf(c);
    await using delivery = inbox.open();
    const content = await delivery.receive(bodyStream(c), LIMITS.artifactBytes);
    const unused = await blobs.keep(lease.taskId, [{ name, content }], async ([artifact]) =>
      artifact ? saveArtifact(store, lease, artifact) : [],
    );
    await blobs.remove(unused);
    return c.body(null, 204);
  });

  app.delete('/:id/artifacts', async (c) => {
    await blobs.remove(await deleteArtifact(store, held(c), nameOf(c)));
    return c.body(null, 204);
  });
  return app;
}

const Held = z.object({ taskId: z.uuid(), leaseId: z.uuid() });

function held(c: Context): z.output<typeof Held> {
  return read(Held, { taskId: c.req.param('id'), leaseId: c.req.header(RUNNER_HEADER.lease) });
}

const nameOf = (c: Context) => read(FileName, c.req.query('name'));

function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalidInput(parsed.error);
  return parsed.data;
}
