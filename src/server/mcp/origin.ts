// Which web pages may call /mcp. Programs send no Origin header; a browser always does, and could be made to call
// a Seed that only it can reach (DNS rebinding).
import { isIP } from 'node:net';
import { SeedError } from '../../protocol/errors.ts';

/**
 * Allows no Origin, one on this machine, one at the very IP address that is called, and those listed. A name that
 * equals the Host header proves nothing: whoever owns the name can point it here.
 * @throws SeedError origin_not_allowed
 */
export function refuseForeignOrigin(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): void {
  if (origin === undefined || allowed.includes(origin)) return;
  const page = URL.canParse(origin) ? new URL(origin) : null;
  const called = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : null;
  if (page && called && isLocal(called.hostname) && isLocal(page.hostname)) return;
  if (page && called && isAddress(page.hostname) && page.hostname === called.hostname) return;
  throw new SeedError('origin_not_allowed', `pages of ${origin} may not call this server`, {
    hint: 'Add the origin to SEED_MCP_ALLOWED_ORIGINS of the server.',
  });
}

function isLocal(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function isAddress(hostname: string): boolean {
  return isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}
