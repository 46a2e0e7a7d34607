// The issuer of the tokens by which a sandbox's forwarded requests are told apart: keys of its own, published as
// Vercel's are. A test can ask it for any token, wrong ones too.
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const KEY_ID = 'double';
const ALGORITHM = 'RS256';
const LIFE_SECONDS = 600;

export interface Claims {
  audience: string;
  sandboxId: string;
  sandboxName: string;
  teamId: string;
  projectId: string;
}

export interface TokenOptions {
  issuer?: string;
  /** Seconds from now. */
  expiresIn?: number;
  /** Signed by a key that is nobody's. */
  forged?: boolean;
}

export interface Issuer {
  /** Answers `<issuer>/.well-known/jwks` and `/.well-known/openid-configuration`. */
  published(path: string): object | null;
  token(claims: Claims, options?: TokenOptions): Promise<string>;
}

/** @param url read when it is needed: it has the port on which the double listens */
export async function createIssuer(url: () => string): Promise<Issuer> {
  const [keys, others] = await Promise.all([generateKeyPair(ALGORITHM), generateKeyPair(ALGORITHM)]);
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: KEY_ID, alg: ALGORITHM, use: 'sig' };
  return {
    published(path) {
      if (path === '/.well-known/jwks') return { keys: [jwk] };
      if (path !== '/.well-known/openid-configuration') return null;
      return { issuer: url(), jwks_uri: `${url()}/.well-known/jwks` };
    },
    token({ audience, sandboxId, sandboxName, teamId, projectId }, options = {}) {
      const { issuer = url(), expiresIn = LIFE_SECONDS, forged = false } = options;
      const claims = {
        ...{ team_id: teamId, project_id: projectId, sandbox_id: sandboxId, sandbox_name: sandboxName },
      };
      return new SignJWT(claims)
        .setProtectedHeader({ alg: ALGORITHM, kid: KEY_ID })
        .setIssuer(issuer)
        .setSubject(`sandbox:${sandboxId}`)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + expiresIn)
        .sign(forged ? others.privateKey : keys.privateKey);
    },
  };
}
