// Webhooks as the Standard Webhooks specification 1.0.0 signs them (symmetric, `v1`).
import { SeedError } from './errors.ts';

/** How far the sender's clock may be from this one, in seconds. */
const TOLERANCE_SECONDS = 300;

export interface ReceivedWebhook {
  /** Exactly as it came: not parsed and written again. */
  body: string;
  headers: Headers | Record<string, string | string[] | undefined>;
  /** One, or several while they are exchanged: `whsec_…`. */
  secret: string | readonly string[];
  /** Missing: now. */
  now?: Date;
}

/** The event, when a known secret has signed it and it is not old. @throws SeedError bad_signature */
export async function verifyWebhook<Event = { type: string; timestamp: string; data: Record<string, unknown> }>({
  body,
  headers,
  secret,
  now = new Date(),
}: ReceivedWebhook): Promise<Event & { id: string }> {
  const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((name) =>
    header(headers, `webhook-${name}`),
  );
  if (!id || !timestamp || !signatures)
    throw refused('it has no webhook-id, webhook-timestamp and webhook-signature');
  const age = now.getTime() / 1000 - Number(timestamp);
  if (!/^\d+$/.test(timestamp) || Math.abs(age) > TOLERANCE_SECONDS)
    throw refused('it was sent too long ago, or a clock is wrong');
  const content = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  for (const one of typeof secret === 'string' ? [secret] : secret) {
    const bytes = fromBase64(one.replace(/^whsec_/, ''));
    const key =
      bytes && (await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']));
    if (!key) throw new TypeError('the secret is not whsec_ and Base64');
    for (const signature of signatures.split(' ')) {
      const signed = signature.startsWith('v1,') ? fromBase64(signature.slice('v1,'.length)) : null;
      if (signed && (await crypto.subtle.verify('HMAC', key, signed, content)))
        return { ...(JSON.parse(body) as Event), id };
    }
  }
  throw refused('none of its signatures is by a secret that is known here');
}

const refused = (why: string) => new SeedError('bad_signature', `the webhook is not believed: ${why}`);

function header(headers: ReceivedWebhook['headers'], name: string): string | null {
  if (headers instanceof Headers) return headers.get(name);
  const found = Object.keys(headers).find((each) => each.toLowerCase() === name);
  const value = found === undefined ? undefined : headers[found];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}
