// Secrets and signatures as the Standard Webhooks specification 1.0.0 has them (symmetric, `v1`). Used by the
// server, which delivers, and by `seed webhooks listen`, which forwards.
import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
/** The specification asks for 24 to 64. */
const SECRET_BYTES = 32;

/** `whsec_` and the base64 of random bytes. */
export function newWebhookSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/**
 * The headers of one attempt.
 * @param secrets each signs; a receiver is content with one that it knows
 * @param id of the event, the same at every attempt. Has no full stop
 * @param body exactly as it is sent
 */
export function webhookHeaders(
  secrets: readonly string[],
  id: string,
  attemptedAt: Date,
  body: string,
): Record<string, string> {
  const timestamp = String(Math.floor(attemptedAt.getTime() / 1000));
  const signatures = secrets.map((secret) => `v1,${sign(secret, `${id}.${timestamp}.${body}`)}`);
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

function sign(secret: string, content: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  return createHmac('sha256', key).update(content).digest('base64');
}
