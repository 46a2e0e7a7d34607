import { expect, it } from 'vitest';
import { createKubeClient } from './client.ts';
import type { Credentials } from './credentials.ts';
import { kubeStatusOf, refusal } from './status.ts';

const credentials: Credentials = {
  server: 'https://api.test',
  namespace: undefined,
  read: async () => ({ ca: undefined, cert: undefined, key: undefined, token: undefined }),
};

it('wants to know its namespace', () => {
  expect(() => createKubeClient(credentials)).toThrow(expect.objectContaining({ code: 'invalid_settings' }));
  expect(createKubeClient(credentials, 'a').namespace).toBe('a');
});

it.each(['pods/../secrets', '/api/v1//pods', 'pods/a?x=1', 'pods/a#b', '/..', 'pods/a b'])(
  'asks for no path like %s',
  async (path) => {
    await expect(createKubeClient(credentials, 'a').get(path)).rejects.toMatchObject({ code: 'invalid_input' });
  },
);

const asked = { verb: 'create', path: '/api/v1/namespaces/a/pods' };
const status = (code: number, reason: string, message: string) =>
  refusal(code, JSON.stringify({ kind: 'Status', code, reason, message }), asked);

it('names what RBAC lacks, and keeps the API’s own words', () => {
  const words =
    'sandboxclaims.agents.x-k8s.io is forbidden: User "u" cannot create resource "sandboxclaims" in API group';
  const error = status(403, 'Forbidden', `${words} "extensions.agents.x-k8s.io" in the namespace "a"`);
  expect(error.code).toBe('not_allowed');
  expect(error.hint).toContain('"create" on "sandboxclaims.extensions.agents.x-k8s.io"');
  expect(kubeStatusOf(error)).toMatchObject({ code: 403, reason: 'Forbidden' });
});

it.each([
  [403, 'pods "p" is forbidden: exceeded quota: q, requested: pods=1', 'limit_exceeded', true],
  [403, 'pods "p" is forbidden: violates PodSecurity "restricted:latest"', 'not_allowed', true],
  [409, 'already exists', 'conflict', true],
  [422, 'is invalid', 'invalid_input', true],
  [429, 'too many requests', 'unreachable', true],
  [500, 'etcdserver: request timed out', 'unreachable', false],
])('says of %i "%s" that it is %s', (code, message, expected, nothingDone) => {
  expect(status(code, 'X', message)).toMatchObject({ code: expected, nothingDone });
});

it('takes what is no answer of the API for nothing but that', () => {
  expect(refusal(302, '<html>', asked)).toMatchObject({ code: 'unreachable', message: /redirect/ });
  expect(refusal(502, 'x'.repeat(10_000), asked).message.length).toBeLessThan(1_200);
});
