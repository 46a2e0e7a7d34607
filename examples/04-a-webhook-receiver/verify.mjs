// Checks that a webhook is from Seed, as Standard Webhooks 1.0.0 says; the package `standardwebhooks` does the same.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** An older or younger one may be a copy that somebody sends again. */
const TOLERANCE_SECONDS = 300;

/**
 * @param {string} secret whsec_…, as `webhooks create` has shown it
 * @param {Record<string, unknown>} headers with names in small letters, as node:http has them
 * @param {string | Buffer} rawBody as it came: parsed and written again it is another text, and never fits
 * @returns the event, or null where it is not from Seed or not of the last five minutes
 */
export function verify(secret, headers, rawBody) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  const age = Date.now() / 1000 - Number(timestamp);
  if (!(Math.abs(age) <= TOLERANCE_SECONDS)) return null;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(rawBody).digest();
  // After a rotation there are several, with a space between; one that fits is enough.
  const fits = String(signatures)
    .split(' ')
    .some((signature) => {
      const [version, text = ''] = signature.split(',');
      const given = Buffer.from(text, 'base64');
      return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
    });
  return fits ? JSON.parse(String(rawBody)) : null;
}
