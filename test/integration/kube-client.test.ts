// The client of the Kubernetes API against the double: calls, retries, and watches, whatever goes wrong between.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKubeClient, type KubeClient } from '../../src/drivers/kubernetes/client.ts';
import type { KubeObject } from '../../src/drivers/kubernetes/object.ts';
import { kubeStatusOf } from '../../src/drivers/kubernetes/status.ts';
import type { WatchEvent } from '../../src/drivers/kubernetes/watch.ts';
import { CERTIFICATE_NAME } from '../fixtures/certificate.ts';
import { credentialsFor, type KubeApi, PODS, startKubeApi } from '../fixtures/kube-api.ts';

let api: KubeApi;
let kube: KubeClient;
beforeAll(async () => {
  api = await startKubeApi();
  kube = createKubeClient(api.credentials);
});
afterAll(async () => {
  await kube.close();
  await api[Symbol.asyncDispose]();
});
let count = 0;
let name: string;
beforeEach(() => {
  count += 1;
  name = `pod-${count}`;
  api.asked.length = 0;
});

const pod = (labels: Record<string, string> = {}) => ({ metadata: { name, labels } });
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('calls', () => {
  it('creates, reads, changes, lists and deletes', async () => {
    const made = await kube.create<KubeObject>('pods', pod({ of: name }));
    expect(await kube.get(`pods/${name}`)).toEqual(made);
    expect(await kube.get(`${PODS}/${name}`)).toEqual(made);
    const changes = [{ op: 'test', path: '/metadata/labels/of', value: name }];
    const more = { op: 'add', path: '/metadata/labels/seed.dev~1x', value: '1' };
    await kube.patch(`pods/${name}`, { metadata: { labels: { a: 'b' } } }, 'merge');
    await kube.patch(`pods/${name}`, [...changes, more], 'json');
    const labels = { of: name, a: 'b', 'seed.dev/x': '1' };
    expect(await kube.list('pods', { labelSelector: `of=${name},a` })).toMatchObject([{ metadata: { labels } }]);
    expect(await kube.list('pods', { labelSelector: `of=${name},!a` })).toEqual([]);
    await expect(kube.create('pods', pod())).rejects.toEqual(code('conflict'));
    await expect(kube.delete(`pods/${name}`, { uid: 'another' })).rejects.toEqual(code('conflict'));
    await kube.delete(`pods/${name}`, { uid: made.metadata.uid, graceSeconds: 0 });
    await expect(kube.get(`pods/${name}`)).rejects.toEqual(code('not_found'));
    await expect(kube.delete(`pods/${name}`)).rejects.toEqual(code('not_found'));
  });

  it('sees what is to be deleted and stays', async () => {
    const { metadata } = await kube.create<KubeObject>('pods', { metadata: { name, finalizers: ['a/b'] } });
    await kube.delete(`pods/${name}`, { uid: metadata.uid });
    expect(await kube.get(`pods/${name}`)).toMatchObject({ metadata: { deletionTimestamp: expect.any(String) } });
    await kube.patch(`pods/${name}`, { metadata: { finalizers: null } }, 'merge');
    await expect(kube.get(`pods/${name}`)).rejects.toEqual(code('not_found'));
  });

  it('reads all pages, and begins again when one has expired', async () => {
    for (let at = 0; at < 5; at++) api.objects.create('/api/v1/nodes', { metadata: { name: `${name}-${at}` } });
    api.fail({ path: /continue=4/, status: 410, reason: 'Expired' });
    expect(await kube.list('/api/v1/nodes', { limit: '2' })).toHaveLength(5);
    expect(api.asked).toHaveLength(6);
  });

  it.each([429, 500, 503])('asks again after a %i', async (status) => {
    api.objects.create(PODS, pod());
    api.fail({ status, times: 2, ...(status === 429 && { headers: { 'retry-after': '0' } }) });
    await kube.get(`pods/${name}`);
    expect(api.asked).toHaveLength(3);
  });

  it('gives up in the end', async () => {
    api.fail({ status: 500, times: 4, message: 'etcdserver: leader changed' });
    const error = await kube.get(`pods/${name}`).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringContaining('leader changed') });
    expect(kubeStatusOf(error)?.code).toBe(500);
    expect(api.asked).toHaveLength(4);
  });

  it('does not wait for what is to last long', async () => {
    api.fail({ status: 429, headers: { 'retry-after': '3600' } });
    await expect(kube.get(`pods/${name}`)).rejects.toMatchObject({ code: 'unreachable', retryAfterSeconds: 3600 });
  });

  it('repeats a create only where nothing can have been done', async () => {
    api.fail({ method: 'POST', status: 429, headers: { 'retry-after': '0' } });
    await kube.create('pods', pod());
    expect(api.asked).toHaveLength(2);
    name = `${name}b`;
    // It is done, and nobody is told.
    api.fail({ method: 'POST', cutAfterBytes: 0 });
    await expect(kube.create('pods', pod())).rejects.toMatchObject({ code: 'unreachable', nothingDone: false });
    expect(api.asked).toHaveLength(3);
    await expect(kube.create('pods', pod())).rejects.toEqual(code('conflict'));
  });

  it('repeats a delete whose answer was lost, and then hears that it is gone', async () => {
    const { uid } = api.objects.create(PODS, pod()).metadata;
    api.fail({ method: 'DELETE', cutAfterBytes: 5 });
    await expect(kube.delete(`pods/${name}`, { uid })).rejects.toEqual(code('not_found'));
  });

  it('repeats a merge, but no JSON patch, after a lost answer', async () => {
    api.objects.create(PODS, pod());
    api.fail({ method: 'PATCH', cutAfterBytes: 0, times: 2 });
    await kube.patch(`pods/${name}`, { metadata: { labels: { a: 'b' } } }, 'merge');
    const step = [{ op: 'remove', path: '/metadata/labels/a' }];
    api.fail({ method: 'PATCH', cutAfterBytes: 0 });
    await expect(kube.patch(`pods/${name}`, step, 'json')).rejects.toEqual(code('unreachable'));
  });

  it('tells apart why something is forbidden', async () => {
    const user = 'User "u" cannot create resource "pods" in API group "" in the namespace "sandboxes"';
    api.fail({ status: 403, reason: 'Forbidden', message: `pods is forbidden: ${user}` });
    await expect(kube.create('pods', pod())).rejects.toMatchObject({
      code: 'not_allowed',
      hint: /"create" on "pods"/,
    });
    api.fail({ status: 403, reason: 'Forbidden', message: 'pods "x" is forbidden: exceeded quota: q' });
    await expect(kube.create('pods', pod())).rejects.toEqual(code('limit_exceeded'));
  });

  it('reads the token again when it is no longer taken', async () => {
    api.objects.create(PODS, pod());
    const { token, read } = api.credentials;
    let reads = 0;
    api.tokens = new Set(['fresh']);
    api.credentials.read = async () => {
      reads += 1;
      return { ...(await read()), token: reads === 1 ? token : 'fresh' };
    };
    await kube.get(`pods/${name}`);
    expect(api.asked).toHaveLength(2);
    api.tokens = new Set(['good']);
    await expect(kube.get(`pods/${name}`)).rejects.toEqual(code('not_authenticated'));
    api.credentials.read = read;
  });

  it('follows no redirect', async () => {
    const elsewhere = { location: `${api.server}${PODS}` };
    api.fail({ status: 302, headers: elsewhere });
    await expect(kube.get(`pods/${name}`)).rejects.toMatchObject({ code: 'unreachable', message: /redirect/ });
    expect(api.asked).toEqual([`GET ${PODS}/${name}`]);
  });

  it.each([
    ['of another name', { serverName: 'other.example.test' }],
    ['that nobody vouches for', { ca: undefined }],
  ])('takes no certificate %s', async (_, change) => {
    const given = credentialsFor(api.server);
    const read = async () => ({ ...(await given.read()), ...change });
    const other = createKubeClient({ ...given, serverName: CERTIFICATE_NAME, ...change, read });
    const refused = { code: 'unreachable', hint: /certificate/, nothingDone: true };
    await expect(other.get('pods')).rejects.toMatchObject(refused);
    await expect(other.exec('x', { container: 'c', command: ['cat'] })).rejects.toEqual(code('unreachable'));
    expect(api.asked).toEqual([]);
    await other.close();
  });
});

describe('watches', () => {
  type Pod = KubeObject;
  /** What a watch tells from now on, and an end to it. */
  function watch(query = { labelSelector: `of=${name}` }) {
    const ending = new AbortController();
    const events = kube.watch<Pod>('pods', query, ending.signal)[Symbol.asyncIterator]();
    const next = async () => {
      const { value, done } = await events.next();
      if (done) return 'over';
      const { type, object } = value as WatchEvent<Pod>;
      return `${type} ${object.metadata.name} ${object.metadata.labels?.['at'] ?? ''}`.trim();
    };
    return { next, end: () => ending.abort() };
  }
  const create = (suffix: string) =>
    api.objects.create(PODS, { metadata: { name: `${name}${suffix}`, labels: { of: name } } });
  const mark = (suffix: string, at: string) =>
    api.objects.patch(`${PODS}/${name}${suffix}`, { metadata: { labels: { at } } });
  const lists = () => api.asked.filter((asked) => asked.includes('limit=')).length;
  const watching = () => api.asked.filter((asked) => asked.includes('watch=true'));
  const watchesBegun = (times: number) => expect.poll(() => watching().length, { timeout: 10_000 }).toBe(times);

  it('begins with what there is, and ends without an error', async () => {
    create('a');
    const { next, end } = watch();
    expect(await next()).toBe(`ADDED ${name}a`);
    const second = next();
    await watchesBegun(1);
    create('b');
    expect(await second).toBe(`ADDED ${name}b`);
    mark('a', '1');
    expect(await next()).toBe(`MODIFIED ${name}a 1`);
    api.objects.remove(`${PODS}/${name}b`);
    expect(await next()).toBe(`DELETED ${name}b`);
    const last = next();
    end();
    expect(await last).toBe('over');
  });

  it('goes on from where it was, over ends and cut lines', async () => {
    create('a');
    api.fail({ path: /watch=true/, cutAfterBytes: 30 });
    const { next, end } = watch();
    await next();
    const second = next();
    await watchesBegun(1);
    mark('a', '1');
    expect(await second).toBe(`MODIFIED ${name}a 1`);
    const third = next();
    await watchesBegun(2);
    api.endWatches();
    mark('a', '2');
    expect(await third).toBe(`MODIFIED ${name}a 2`);
    const fourth = next();
    await watchesBegun(3);
    api.cut();
    mark('a', '3');
    expect(await fourth).toBe(`MODIFIED ${name}a 3`);
    expect(lists()).toBe(1);
    end();
  });

  it('keeps its version young by bookmarks', async () => {
    const { next, end } = watch();
    const first = next();
    await watchesBegun(1);
    api.objects.create('/api/v1/nodes', { metadata: { name } });
    api.objects.bookmark();
    api.objects.compact();
    api.endWatches();
    create('a');
    expect(await first).toBe(`ADDED ${name}a`);
    expect(lists()).toBe(1);
    end();
  });

  it.each(['as a line', 'as an answer'])('lists again when its version is forgotten, told %s', async (how) => {
    create('a');
    create('b');
    create('c');
    const { next, end } = watch();
    expect([await next(), await next(), await next()]).toHaveLength(3);
    const fourth = next();
    await watchesBegun(1);
    const anew = `${PODS}/${name}c`;
    if (how === 'as an answer') api.fail({ path: /watch=true/, status: 410, reason: 'Expired' });
    // All that was missed, and one that was made anew under its name.
    api.objects.follow = deaf(api.objects.follow, () => {
      mark('a', '1');
      api.objects.remove(`${PODS}/${name}b`);
      api.objects.remove(anew);
      create('c');
      create('d');
      api.objects.compact();
    });
    api.endWatches();
    const told = [await fourth, await next(), await next(), await next(), await next()];
    expect(told).toEqual([
      `DELETED ${name}b`,
      `DELETED ${name}c`,
      `MODIFIED ${name}a 1`,
      `ADDED ${name}c`,
      `ADDED ${name}d`,
    ]);
    expect(lists()).toBe(how === 'as an answer' ? 3 : 2);
    end();
  });

  it('throws when the first list fails, and for what cannot pass later', async () => {
    api.fail({ status: 403, reason: 'Forbidden', message: 'cannot list resource "pods" in API group ""' });
    await expect(watch().next()).rejects.toEqual(code('not_allowed'));
    create('a');
    const { next } = watch();
    await next();
    api.fail({ path: /watch=true/, status: 403, reason: 'Forbidden', message: 'no' });
    await expect(next()).rejects.toEqual(code('not_allowed'));
  });

  it('waits while the API is away', async () => {
    create('a');
    const { next, end } = watch();
    await next();
    const second = next();
    await watchesBegun(1);
    api.fail({ path: /watch=true/, status: 503, times: 2 });
    api.cut();
    await watchesBegun(4);
    mark('a', '1');
    expect(await second).toBe(`MODIFIED ${name}a 1`);
    end();
  });

  it('refuses a line without an end', async () => {
    const { next } = watch();
    const first = next();
    first.catch(() => {});
    await watchesBegun(1);
    api.objects.create(PODS, { metadata: { name, labels: { of: name } }, big: 'x'.repeat(5 * 1024 * 1024) });
    await expect(first).rejects.toMatchObject({ code: 'unreachable', message: /line of over/ });
  });
});

/** What the next one to follow misses. */
function deaf(follow: KubeApi['objects']['follow'], missed: () => void): KubeApi['objects']['follow'] {
  return (url, tell) => {
    api.objects.follow = follow;
    missed();
    return follow(url, tell);
  };
}
