// The client against a real API server and kubelet: exec with every byte both ways, ends, exit codes, lost and silent
// connections, watches that go on.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKubeClient, type KubeClient } from '../../src/drivers/kubernetes/client.ts';
import type { Credentials } from '../../src/drivers/kubernetes/credentials.ts';
import type { ExecStream } from '../../src/drivers/kubernetes/exec-stream.ts';
import { readKubeconfig } from '../../src/drivers/kubernetes/kubeconfig.ts';
import type { KubeObject } from '../../src/drivers/kubernetes/object.ts';
import { type CuttableLine, startLine } from '../fixtures/cuttable-line.ts';
import { inCluster } from './in-cluster.ts';

const cluster = await inCluster({ image: 'echo', runtimeClass: 'sealed' });

describe.skipIf(cluster === null)('client', () => {
  if (cluster === null) return;
  const NAME = 'client-test';
  let credentials: Credentials;
  let kube: KubeClient;
  beforeAll(async () => {
    credentials = await readKubeconfig(cluster.kubeconfig);
    kube = createKubeClient(credentials, cluster.namespace);
    const container = { name: 'c', image: cluster.images.echo, command: ['/bin/sleep', '600'] };
    await kube.create('pods', {
      metadata: { name: NAME },
      spec: {
        ...{ restartPolicy: 'Never', automountServiceAccountToken: false, terminationGracePeriodSeconds: 0 },
        containers: [{ ...container, imagePullPolicy: 'Never' }],
      },
    });
    const over = new AbortController();
    type Pod = KubeObject & { status?: { phase?: string } };
    const query = { fieldSelector: `metadata.name=${NAME}` };
    for await (const { object } of kube.watch<Pod>('pods', query, over.signal)) {
      if (object.status?.phase === 'Running') over.abort();
    }
  });
  afterAll(async () => {
    await kube.delete(`pods/${NAME}`, { graceSeconds: 0 });
    await kube.close();
  });
  const open = (...command: string[]) => kube.exec(NAME, { container: 'c', command });
  const failure = async (stream: ExecStream) => (await once(stream, 'error').catch((error) => [error]))[0];

  it('passes 3 MB both ways, and the end of the input', async () => {
    const stream = await open('cat');
    expect(stream.canEnd).toBe(true);
    const sent = randomBytes(3_000_000);
    stream.end(sent);
    expect((await buffer(stream)).equals(sent)).toBe(true);
    expect(await stream.exit).toBe(0);
  });

  it('goes on with what the command says after the end of its input', async () => {
    const stream = await open('sh', '-c', 'n=$(wc -c); echo got $n');
    stream.end(randomBytes(100_000));
    expect(await text(stream)).toBe('got 100000\n');
  });

  it('takes from the command no more than is read', async () => {
    const stream = await open('sh', '-c', 'head -c 8000000 /dev/zero');
    stream.once('readable', () => {});
    await once(stream, 'readable');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(stream.readableLength).toBeLessThan(1024 * 1024);
    let bytes = 0;
    for await (const chunk of stream) bytes += chunk.length;
    expect(bytes).toBe(8_000_000);
  });

  it('tells exit codes and what was said on standard error', async () => {
    const stream = await open('sh', '-c', 'echo out; echo bad >&2; exit 7');
    expect(await text(stream)).toBe('out\n');
    expect([await stream.exit, stream.stderr()]).toEqual([7, 'bad']);
  });

  it('says why there is no such command, container or pod', async () => {
    expect(await failure(await open('/none-such'))).toMatchObject({ message: /none-such/ });
    const elsewhere = kube.exec(NAME, { container: 'd', command: ['cat'] });
    await expect(elsewhere).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(kube.exec('none', { container: 'c', command: ['cat'] })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  describe('over a line that fails', () => {
    let line: CuttableLine;
    let far: KubeClient;
    beforeAll(async () => {
      line = await startLine(credentials.server.replace('https', 'http'));
      far = createKubeClient({ ...credentials, server: `https://127.0.0.1:${line.port}` }, cluster.namespace);
    });
    afterAll(async () => {
      line.mend();
      await far.close();
      await line.close();
    });
    /** Answers what it is sent. */
    async function answering(silenceMs?: number): Promise<ExecStream> {
      const command = { container: 'c', command: ['cat'], ...(silenceMs && { silenceMs }) };
      const stream = await far.exec(NAME, command);
      stream.write('here');
      expect(String((await once(stream, 'data'))[0])).toBe('here');
      return stream;
    }

    it('notices that its connection is gone, and watches on when it is mended', async () => {
      const over = new AbortController();
      const events = far.watch('pods', { labelSelector: 'of=client' }, over.signal)[Symbol.asyncIterator]();
      const next = events.next();
      const failed = failure(await answering());
      line.cut();
      expect(await failed).toMatchObject({ code: 'unreachable' });
      await kube.patch(`pods/${NAME}`, { metadata: { labels: { of: 'client' } } }, 'merge');
      line.mend();
      expect((await next).value).toMatchObject({ type: 'ADDED', object: { metadata: { name: NAME } } });
      over.abort();
    });

    it('notices a connection that is silent, which pings keep up as long as it is not', async () => {
      const stream = await answering(1_500);
      const failed = failure(stream);
      await new Promise((resolve) => setTimeout(resolve, 3_500));
      expect(stream.destroyed).toBe(false);
      line.freeze();
      expect(await failed).toMatchObject({ code: 'unreachable', message: /nothing was heard/ });
    });
  });
});
