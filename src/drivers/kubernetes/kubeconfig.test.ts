import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { serviceAccount } from './credentials.ts';
import { findCredentials } from './find-credentials.ts';
import { readKubeconfig } from './kubeconfig.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seed-kubeconfig-'));
  await writeFile(join(folder, 'ca.crt'), 'the CA');
  await writeFile(join(folder, 'token'), 'first\n');
});
afterAll(() => rm(folder, { recursive: true }));

const base64 = (text: string) => Buffer.from(text).toString('base64');
const CLUSTER = {
  server: 'https://api.test:6443/at/',
  'certificate-authority': 'ca.crt',
  'tls-server-name': 'api',
};
const USER = { tokenFile: 'token' };

async function config(parts: { cluster?: object; user?: object; context?: object; current?: string | null }) {
  const { cluster = CLUSTER, user = USER, context = {}, current = 'x' } = parts;
  const path = join(folder, `${Math.random()}.yaml`);
  const text = {
    'current-context': current ?? undefined,
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', ...context } }],
  };
  await writeFile(path, JSON.stringify(text));
  return path;
}

it('reads files from the folder of the kubeconfig, anew each time', async () => {
  const credentials = await readKubeconfig(await config({ context: { namespace: 'sandboxes' } }));
  expect(credentials).toMatchObject({
    server: 'https://api.test:6443/at',
    serverName: 'api',
    namespace: 'sandboxes',
  });
  expect(await credentials.read()).toEqual({ ca: 'the CA', token: 'first', cert: undefined, key: undefined });
  await writeFile(join(folder, 'token'), 'second');
  expect((await credentials.read()).token).toBe('second');
  await rm(join(folder, 'token'));
  await expect(credentials.read()).rejects.toMatchObject({ code: 'setup_failed', message: /token.*ENOENT/ });
});

it('takes data before files, and a client certificate', async () => {
  const data = { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') };
  const cluster = { ...CLUSTER, 'certificate-authority-data': base64('other CA') };
  const { read } = await readKubeconfig(await config({ cluster, user: { ...data, 'client-key': 'missing' } }));
  expect(await read()).toEqual({ ca: 'other CA', cert: 'cert', key: 'key', token: undefined });
});

it('takes of several files what comes first', async () => {
  const elsewhere = await config({ cluster: { server: 'https://elsewhere.test' } });
  const files = [await config({ current: null }), elsewhere].join(':');
  expect(await readKubeconfig(files)).toMatchObject({ server: 'https://api.test:6443/at' });
});

it.each([
  ['exec', { user: { exec: { command: 'cloud-login' } } }, 'runs a program'],
  ['auth-provider', { user: { 'auth-provider': { name: 'oidc' } } }, 'auth-provider'],
  ['a password', { user: { username: 'me', password: 'x' } }, 'password'],
  ['another user', { user: { ...USER, as: 'root' } }, 'acts as'],
  ['an unverified API', { cluster: { ...CLUSTER, 'insecure-skip-tls-verify': true } }, 'verify'],
  ['a proxy', { cluster: { ...CLUSTER, 'proxy-url': 'http://proxy.test' } }, 'proxy'],
  ['plain HTTP', { cluster: { server: 'http://api.test' } }, 'https'],
  ['no current context', { current: null }, 'current-context'],
  ['a context that is not there', { current: 'y' }, 'no context "y"'],
  ['a user that is not there', { context: { user: 'v' } }, 'no user "v"'],
])('refuses %s', async (_, parts, word) => {
  const reading = readKubeconfig(await config(parts as Parameters<typeof config>[0]));
  await expect(reading).rejects.toMatchObject({
    code: 'invalid_settings',
    message: expect.stringContaining(word),
  });
});

it('refuses a file that is none', async () => {
  const path = join(folder, 'bad.yaml');
  for (const text of ['clusters: [', 'clusters: 7', '- a\n']) {
    await writeFile(path, text);
    await expect(readKubeconfig(path)).rejects.toMatchObject({ code: 'invalid_settings' });
  }
});

it('reads a pod’s service account anew each time, as the kubelet replaces it', async () => {
  const mounted = await mkdtemp(join(folder, 'account-'));
  for (const [name, text] of [
    ['token', 'one\n'],
    ['ca.crt', 'the CA'],
    ['namespace', 'here\n'],
  ] as const) {
    await writeFile(join(mounted, name), text);
  }
  const credentials = await serviceAccount('https://10.0.0.1:443', mounted);
  expect(credentials).toMatchObject({ server: 'https://10.0.0.1:443', namespace: 'here' });
  expect(await credentials.read()).toMatchObject({ token: 'one', ca: 'the CA' });
  await writeFile(join(mounted, 'token'), 'two');
  expect((await credentials.read()).token).toBe('two');
});

it('looks into KUBECONFIG first, then for the pod’s service account', async () => {
  vi.stubEnv('KUBERNETES_SERVICE_HOST', 'fd00::1').stubEnv('KUBERNETES_SERVICE_PORT', '443');
  vi.stubEnv('KUBECONFIG', await config({}));
  expect((await findCredentials()).server).toBe('https://api.test:6443/at');
  vi.stubEnv('KUBECONFIG', '');
  expect((await findCredentials()).server).toBe('https://[fd00::1]:443');
  vi.stubEnv('KUBERNETES_SERVICE_HOST', '');
  await expect(findCredentials()).rejects.toMatchObject({ code: 'invalid_settings', hint: /KUBECONFIG/ });
  vi.unstubAllEnvs();
});
