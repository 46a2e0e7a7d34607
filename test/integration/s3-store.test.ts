// The store that speaks S3, against a server that checks signatures as S3 does; and that server against S3's own
// example.
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ReceivedContent } from '../../src/protocol/file.ts';
import { createS3Store } from '../../src/server/files/blob-store.ts';
import { BUCKET, problemOf, type S3Server, startS3 } from '../fixtures/s3-server.ts';

let s3: S3Server;
let dir: string;
beforeEach(async () => {
  s3 = await startS3();
  dir = await mkdtemp(join(tmpdir(), 'seed-s3-'));
});
afterEach(async () => {
  await s3.close();
  await rm(dir, { recursive: true });
});

const ID = '56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11';

async function received(content: string): Promise<ReceivedContent> {
  const path = join(dir, 'content');
  await writeFile(path, content);
  return new ReceivedContent(path, content.length, createHash('sha256').update(content).digest('hex'));
}

it('the test server takes and refuses what S3 would (the example of its documentation)', () => {
  const request = {
    method: 'GET',
    url: '/test.txt',
    headers: {
      host: 'examplebucket.s3.amazonaws.com',
      range: 'bytes=0-9',
      'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'x-amz-date': '20130524T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    },
    body: Buffer.alloc(0),
  };
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
  const check = (change: object, now = '2013-05-24T00:00:00Z') =>
    problemOf({ ...request, ...change }, 'AKIAIOSFODNN7EXAMPLE', secret, new Date(now));
  expect(check({})).toBeNull();
  expect(check({ url: '/other.txt' })).toBe('SignatureDoesNotMatch');
  expect(check({ method: 'DELETE' })).toBe('SignatureDoesNotMatch');
  expect(check({ body: Buffer.from('x') })).toBe('XAmzContentSHA256Mismatch');
  expect(check({}, '2013-05-24T01:00:00Z')).toBe('RequestTimeTooSkewed');
});

it('puts, gets and deletes, and deleting twice is no error', async () => {
  const store = createS3Store(s3.settings);
  await store.put(ID, await received('the content'));
  expect(s3.objects.get(`/${BUCKET}/${ID}`)?.toString()).toBe('the content');
  expect(await text(await store.get(ID))).toBe('the content');
  await store.delete(ID);
  await store.delete(ID);
  expect(s3.objects.size).toBe(0);
  await expect(store.get(ID)).rejects.toMatchObject({ code: 'not_found' });
  expect(s3.refusals).toEqual([]);
});

it('a wrong secret is refused, and the error has nothing of it', async () => {
  const store = createS3Store({ ...s3.settings, secretAccessKey: 'wrong-secret' });
  const error = await store.put(ID, await received('x')).catch((reason: Error) => reason);
  expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('403') });
  expect(JSON.stringify(error)).not.toContain('wrong-secret');
  expect(s3.refusals).toEqual(['SignatureDoesNotMatch']);
});

it('content that changed since it was received is refused by the store', async () => {
  const content = await received('before');
  await writeFile(content.path, 'after!');
  await expect(createS3Store(s3.settings).put(ID, content)).rejects.toMatchObject({ code: 'unavailable' });
  expect(s3.refusals).toEqual(['XAmzContentSHA256Mismatch']);
  expect(s3.objects.size).toBe(0);
});

it('passing trouble is got over, lasting trouble is told', async () => {
  const store = createS3Store(s3.settings);
  s3.trouble = 2;
  await store.put(ID, await received('x'));
  s3.trouble = 3;
  await expect(store.get(ID)).rejects.toMatchObject({ code: 'unavailable' });
  await s3.close();
  await expect(store.delete(ID)).rejects.toMatchObject({ code: 'unavailable' });
  s3 = await startS3();
});
