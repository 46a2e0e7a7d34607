import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { newWebhookSecret, webhookHeaders } from './standard-webhooks.ts';

test("the specification's published example has the published signature", () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const at = new Date(1614265330 * 1000);
  expect(webhookHeaders([secret], 'msg_p5jXN8AQM9LWM0D4loKWxJek', at, '{"test": 2432232314}')).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('secrets have the form and the length that the specification asks for, and differ', () => {
  const secrets = Array.from({ length: 100 }, newWebhookSecret);
  expect(new Set(secrets).size).toBe(100);
  for (const secret of secrets) {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]+=*$/);
    expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32);
  }
});

test('the reference library signs alike and verifies with each secret, whatever the body', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.uuid(), (text, id) => {
      const body = JSON.stringify({ type: 'a.b', data: { text } });
      const [one, other] = [newWebhookSecret(), newWebhookSecret()];
      const now = new Date();
      const headers = webhookHeaders([one, other], id, now, body);
      expect(headers['webhook-signature']).toBe(
        [one, other].map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
      );
      for (const secret of [one, other])
        expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
      expect(() => new Webhook(newWebhookSecret()).verify(body, headers)).toThrow();
      expect(() => new Webhook(one).verify(`${body} `, headers)).toThrow();
    }),
    { numRuns: 50 },
  );
});

test('an old and a coming timestamp fail with the reference library', () => {
  const secret = newWebhookSecret();
  for (const minutes of [-6, 6]) {
    const at = new Date(Date.now() + minutes * 60_000);
    expect(() => new Webhook(secret).verify('{}', webhookHeaders([secret], 'id', at, '{}'))).toThrow();
  }
});
