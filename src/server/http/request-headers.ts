// What headers say: bearer token, where a request comes from, its public origin, how long its answer may be held.

import type { Context } from 'hono';
import type { Command } from '../../command/define-command.ts';
import { canonicalAddress, cidrContains } from '../../lib/cidr.ts';
import { credentialHeader } from '../../lib/pack-setting.ts';
import type { ShownCredential } from '../../protocol/credential.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Key } from '../../protocol/key.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { GivenSecret } from '../../protocol/secret-text.ts';
import { isTrusted } from './base-path.ts';
import type { HttpEnv } from './http-types.ts';

/** The token of `Bearer <token>`. @throws SeedError not_authenticated */
export function bearerToken(header: string | undefined): string {
  const match = header?.match(/^Bearer +([\x21-\x7e]+)$/i);
  if (match?.[1] && match[1].length <= LIMITS.tokenLength) return match[1];
  const message = header ? 'the Authorization header is not a bearer token' : 'no API key was sent';
  throw new SeedError('not_authenticated', message, {
    hint: 'Send the header "Authorization: Bearer sk_live_…"; with the CLI, set SEED_API_KEY or run seed login.',
  });
}

/**
 * The caller's own credential that a request brings for the platform of the command's pack.
 * @throws SeedError invalid_input: it is none, or the pack's calls show another kind
 * @throws SeedError not_allowed: a task brings it
 */
export function shownCredential(
  c: Context<HttpEnv>,
  { platform }: Pick<Command, 'platform'>,
  { taskId }: Pick<Key, 'taskId'>,
): ShownCredential | undefined {
  const name = platform && credentialHeader(platform.pack);
  const given = name === undefined ? undefined : c.req.header(name);
  if (platform === undefined || given === undefined) return undefined;
  const { credential: mode } = platform;
  if (mode !== 'caller')
    throw new SeedError(
      'invalid_input',
      `${name}: the calls of this pack show a credential of another kind: ${mode}`,
      {
        hint: 'Leave it out.',
      },
    );
  if (taskId !== null)
    throw new SeedError('not_allowed', `${name}: the calls of a task show what the task was given`, {
      hint: 'Leave it out.',
    });
  const read = GivenSecret.safeParse(given);
  if (read.success) return read.data;
  throw new SeedError('invalid_input', `${name}: ${read.error.issues[0]?.message ?? 'this is no credential'}`);
}

/** Null when the connection is gone already. */
export function clientAddress(c: Context<HttpEnv>, trustedProxies: readonly string[]): string | null {
  const peer = c.env?.incoming?.socket.remoteAddress;
  return peer === undefined ? null : addressBehind(peer, c.req.header('x-forwarded-for'), trustedProxies);
}

/** Each proxy adds on the right whom it heard from: the first untrusted one is the caller, more may be forged. */
export function addressBehind(
  peer: string,
  forwardedFor: string | undefined,
  trustedProxies: readonly string[],
): string | null {
  const isTrusted = (address: string) => trustedProxies.some((cidr) => cidrContains(cidr, address));
  let address = canonicalAddress(peer);
  const hops = forwardedFor?.split(',').map((hop) => hop.trim()) ?? [];
  while (address !== null && isTrusted(address)) {
    const before = hops.pop();
    const next = before === undefined ? null : canonicalAddress(before);
    if (next === null) return address;
    address = next;
  }
  return address;
}

/** As the client called it; a trusted proxy in front says whether that was over TLS. */
export function publicOrigin(c: Context<HttpEnv>, trustedProxies: readonly string[]): string {
  const url = new URL(c.req.url);
  const isProxied = isTrusted(c.env?.incoming?.socket.remoteAddress, trustedProxies);
  const isSecure = url.protocol === 'https:' || (isProxied && c.req.header('x-forwarded-proto') === 'https');
  return new URL(`${isSecure ? 'https' : 'http'}://${url.host}`).origin;
}

/**
 * How the client reaches this Seed: its origin and the prefix of its paths, without a slash at the end. Every link
 * to Seed itself begins so.
 */
export function publicBase(c: Context<HttpEnv>, trustedProxies: readonly string[]): string {
  return publicOrigin(c, trustedProxies) + prefixIn(c);
}

/** What goes before a path of this Seed in a link that stays on its origin; empty: it is at the root. */
export const prefixIn = (c: Context<HttpEnv>): string => c.get('prefix') ?? '';

/** Milliseconds; 0 when the header does not ask, and never more than LIMITS.waitSeconds. */
export function preferredWaitMs(prefer: string | undefined): number {
  const seconds = prefer?.match(/(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/i)?.[1];
  return seconds === undefined ? 0 : Math.min(Number(seconds), LIMITS.waitSeconds) * 1000;
}
