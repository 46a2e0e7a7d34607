// The OpenID provider that other tests sign in with is one: a client gets tokens by code and PKCE, and they verify.
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  DASHBOARD_CLIENT,
  type OidcProvider,
  SECRET_CLIENT,
  startOidcProvider,
} from '../fixtures/oidc-provider.ts';

let provider: OidcProvider;
beforeAll(async () => {
  provider = await startOidcProvider({ clockSkewSeconds: 5 });
  provider.people.set('ada', { account: 'acme', scopes: ['worker'], name: 'Ada' });
});
afterAll(() => provider.stop());

const keySet = () => createRemoteJWKSet(new URL(`${provider.issuer}/jwks`));
const verify = (token: string) =>
  jwtVerify(token, keySet(), { issuer: provider.issuer, audience: provider.audience });

it.each([
  ['a public client', DASHBOARD_CLIENT, {}],
  [
    'one with a secret',
    SECRET_CLIENT.id,
    { authorization: `Basic ${btoa(`${SECRET_CLIENT.id}:${SECRET_CLIENT.secret}`)}` },
  ],
])('answers the code of %s with an ID token and a JWT for the audience', async (_, client, headers) => {
  const redirect = 'http://127.0.0.1:1/session/oidc/callback';
  const authorization = new URL(`${provider.issuer}/auth`);
  const verifier = 'a'.repeat(43);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  authorization.search = String(
    new URLSearchParams({
      response_type: 'code',
      client_id: client,
      redirect_uri: redirect,
      scope: 'openid keys:read',
      state: 's',
      nonce: 'n',
      code_challenge: Buffer.from(digest).toString('base64url'),
      code_challenge_method: 'S256',
    }),
  );
  const back = await provider.approve(String(authorization), 'ada');
  expect(back.searchParams.get('state')).toBe('s');
  const answer = await fetch(`${provider.issuer}/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: client,
      redirect_uri: redirect,
      code: back.searchParams.get('code') ?? '',
      code_verifier: verifier,
    }),
  });
  const tokens = (await answer.json()) as { id_token: string; access_token: string };
  expect(decodeJwt(tokens.id_token)).toMatchObject({ aud: client, nonce: 'n', account: 'acme' });
  const { payload } = await verify(tokens.access_token);
  expect(payload).toMatchObject({ sub: 'ada', account: 'acme', scopes: ['worker'] });
});

it('makes tokens of every kind, rotates its keys, and can be away', async () => {
  const { payload, protectedHeader } = await verify(
    await provider.token({ subject: 'ada', claims: { account: 'b' } }),
  );
  expect(payload).toMatchObject({ sub: 'ada', account: 'b', name: 'Ada', aud: provider.audience });
  expect(payload.iat).toBeGreaterThan(Date.now() / 1000 + 3);
  expect(protectedHeader.typ).toBe('at+jwt');
  for (const alg of ['PS256', 'ES256', 'EdDSA'] as const) await verify(await provider.token({ alg }));
  await expect(verify(await provider.token({ expiresIn: -60 }))).rejects.toMatchObject({
    code: 'ERR_JWT_EXPIRED',
  });
  await expect(verify(await provider.token({ forged: true }))).rejects.toThrow('signature verification failed');
  await expect(verify(await provider.token({ alg: 'none' }))).rejects.toThrow();
  await expect(verify(await provider.token({ alg: 'HS256' }))).rejects.toThrow();
  await expect(verify(await provider.token({ audience: 'else' }))).rejects.toThrow('"aud"');
  const before = await provider.token();
  await provider.rotateKeys();
  await expect(verify(before)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  await verify(await provider.token());
  await provider.stop();
  await expect(fetch(`${provider.issuer}/jwks`)).rejects.toThrow();
  await provider.restart();
  await verify(await provider.token());
});
