// Workspaces that are kept in S3, with real sandboxes: what is told when the store is away or breaks off, and that
// nothing is half kept or half there.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Task } from '../../src/protocol/task.ts';
import { type S3Server, startS3 } from '../fixtures/s3-server.ts';
import { bash, startSeed, type TestSeed } from '../fixtures/seed.ts';

let s3: S3Server;
let seed: TestSeed;
const PATIENT = { timeout: 180_000 };
beforeAll(async () => {
  s3 = await startS3();
  const { endpoint, bucket, region, accessKeyId, secretAccessKey } = s3.settings;
  seed = await startSeed({
    SEED_S3_ENDPOINT: endpoint,
    SEED_S3_BUCKET: bucket,
    SEED_S3_REGION: region,
    SEED_S3_ACCESS_KEY_ID: accessKeyId,
    SEED_S3_SECRET_ACCESS_KEY: secretAccessKey,
    SEED_RUNNER_SLOTS: '2',
  });
});
beforeEach(() => {
  s3.trouble = 0;
  s3.cuts = 0;
  s3.objects.clear();
});
afterAll(async () => {
  await seed?.remove();
  await s3?.close();
});

const keep = { workspace: true, for: '1d' };
const MEGABYTE = 'head -c 1000000 /dev/urandom > /workspace/x';
const SUM = 'sha256sum < /workspace/x';

async function goOn({ id }: Task, instruction: string, more: object = {}): Promise<Task> {
  const { status, body } = await seed.call<{ task: Task }>('POST', `/api/v1/tasks/${id}/continue`, {
    body: { instruction: bash(instruction), ...more },
    headers: { prefer: 'wait=60' },
  });
  if (status >= 300) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body.task;
}
const diagnosed = async ({ id }: Task) =>
  (await seed.events(id)).flatMap((event) => (event.type === 'diagnostic' ? event.text : []));

it('lies there whole, though the first upload was cut in its middle', async () => {
  s3.cuts = 1;
  const first = await seed.runTask({ instruction: bash(`${MEGABYTE}; ${SUM}`), keep });
  expect(first).toMatchObject({ status: 'completed', stderr: null });
  const [object, ...more] = s3.objects.values();
  expect(more).toEqual([]);
  const sha256 = createHash('sha256')
    .update(object ?? '')
    .digest('hex');
  expect([s3.cuts, first.workspace]).toEqual([0, expect.objectContaining({ sha256, size: object?.length })]);
  const next = await goOn(first, SUM);
  expect([next.stdout, next.stderr]).toEqual([first.stdout, null]);
  expect(s3.refusals).toEqual([]);
});

it('is not kept while the store is away, which caller and next agent are told', PATIENT, async () => {
  s3.cuts = Number.POSITIVE_INFINITY;
  const first = await seed.runTask({ instruction: bash(MEGABYTE), keep, timeout: 30_000 });
  expect(first).toMatchObject({ status: 'completed', error: null, workspace: null });
  expect(first.stderr).toMatch(/^\/workspace was not kept: the store of files does not answer/);
  expect(s3.objects.size).toBe(0);
  s3.cuts = 0;
  const next = await goOn(first, 'ls /workspace', { timeout: 60_000 });
  expect(next.stdout).toBe('out');
  expect(next.notes).toEqual([
    '/workspace is empty: the task before could not keep it, or did not come to the point.',
  ]);
});

it(
  'that cannot be fetched is told, is not replaced by what is there instead, and is there again later',
  PATIENT,
  async () => {
    const first = await seed.runTask({ instruction: bash(`${MEGABYTE}; ${SUM}`), keep });
    s3.trouble = Number.POSITIVE_INFINITY;
    const next = await goOn(first, 'echo other > /workspace/other; ls /workspace', { timeout: 30_000 });
    expect(next).toMatchObject({ status: 'completed', workspace: { madeBy: first.id } });
    expect(next.stdout?.split('\n').sort()).toEqual(['other', 'out']);
    const told = expect.stringMatching(
      /^What was kept of \/workspace could not be fetched: .+\. It stays as it is kept, /,
    );
    expect(next.stderr).toEqual(told);
    expect(await diagnosed(next)).toEqual([told]);
    s3.trouble = 0;
    const third = await goOn(next, `${SUM}; ls /workspace`, { timeout: 60_000 });
    expect(third.stdout?.split('\n')).toEqual([first.stdout, 'out', 'x']);
    expect(third.notes).toEqual([
      '/workspace is as it was before the last task: what that changed there is lost.',
    ]);
  },
);

it('is whole though the first download was cut in its middle', async () => {
  const first = await seed.runTask({ instruction: bash(`${MEGABYTE}; ${SUM}`), keep });
  s3.cuts = 1;
  const next = await goOn(first, SUM);
  expect([s3.cuts, next.stdout, next.stderr]).toEqual([0, first.stdout, null]);
});

it('that somebody removed from the store is told, and what is there instead is kept', async () => {
  const first = await seed.runTask({ instruction: bash(MEGABYTE), keep });
  s3.objects.clear();
  const next = await goOn(first, 'ls /workspace; echo new > /workspace/new');
  expect(next).toMatchObject({ status: 'completed', stdout: 'out', workspace: { madeBy: next.id } });
  expect(next.stderr).toBe('What was kept of /workspace could not be fetched: the content is gone.');
  expect((await goOn(next, 'cat /workspace/new')).stdout).toBe('new');
});

it('of more than may be kept is not kept at all, and says so', async () => {
  const first = await seed.runTask({ instruction: bash('truncate -s 300M /workspace/large; echo done'), keep });
  expect(first).toMatchObject({ status: 'completed', stdout: 'done', workspace: null });
  expect(first.stderr).toBe('/workspace was not kept: it has more than 20000 entries, or 268435456 bytes.');
  expect(s3.objects.size).toBe(0);
});
