// Links by which a person decides from mail or chat: what they show, what uses them up, and what ends them.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Approving, SCOPES, startApproving } from '../fixtures/approvals.ts';
import type { AnyBody } from '../fixtures/server.ts';

let desk: Approving;
let worker: { id: string; secret: string };
let person: { id: string; secret: string };

beforeAll(async () => {
  desk = await startApproving({ publicUrl: 'https://seed.example' });
  worker = await desk.server.newKey([...SCOPES, 'approvals:write']);
  person = await desk.approver();
});
afterAll(() => desk?.[Symbol.asyncDispose]());

const post = (path: string, key: string, body: object = {}) =>
  desk.server.call<AnyBody>('POST', `/api/v1${path}`, { key, body });
const ask = async (supplier: string): Promise<string> =>
  (await post('/orders', worker.secret, { supplier, total: 5 })).body.approval.id;
const link = async (id: string, key = person.secret): Promise<string> => {
  const { status, body } = await post(`/approvals/${id}/links`, key);
  expect(status).toBe(201);
  expect(body.link.url).toMatch(/^https:\/\/seed\.example\/approve\/[\w-]{43}$/);
  return desk.server.url + new URL(body.link.url).pathname;
};
const decide = (url: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(fields), headers });
/** What stands hidden in the form of the page. */
const markOf = (page: string) => /name="page" value="([^"]+)"/.exec(page)?.[1] ?? '';

it('shows what would happen, decides once from its page, and is recorded as whoever made it', async () => {
  const id = await ask('<b>acme</b>\u202e');
  const url = await link(id);
  let text = '';
  for (const method of ['GET', 'HEAD', 'GET']) {
    const page = await fetch(url, { method });
    expect(page.status).toBe(200);
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    text = await page.text();
  }
  expect(text).toContain('Order for 5 from &lt;b&gt;acme&lt;/b&gt;\\u{202E}');
  expect(text).not.toContain('<b>');
  expect((await desk.approval(id)).state).toBe('pending');

  const mark = markOf(text);
  expect((await decide(url, { decision: 'approve' })).status).toBe(403);
  const cross = await decide(url, { page: mark, decision: 'approve' }, { 'sec-fetch-site': 'cross-site' });
  expect(cross.status).toBe(403);
  expect((await decide(url, { page: mark, decision: 'perhaps' })).status).toBe(400);
  const twice = await Promise.all([1, 2].map(() => decide(url, { page: mark, decision: 'deny', message: 'no' })));
  expect(twice.map(({ status }) => status).sort()).toEqual([200, 410]);
  expect(await desk.approval(id)).toMatchObject({
    state: 'denied',
    message: 'no',
    decidedBy: { keyId: person.id, via: 'link', isSelf: false },
  });
  expect((await fetch(url)).status).toBe(410);
  const audit = await desk.server.call('GET', '/api/v1/audit?command=approvals%20deny');
  expect(audit.body.items).toContainEqual(
    expect.objectContaining({ keyId: person.id, target: id, outcome: 'ok' }),
  );
});

it('ends with the approval and with the key that made it', async () => {
  const id = await ask('ends');
  const maker = await desk.approver();
  const [ofMaker, other] = [await link(id, maker.secret), await link(id)];
  const mark = markOf(await (await fetch(ofMaker)).text());
  await post(`/keys/${maker.id}/revoke`, desk.server.adminKey);
  expect((await decide(ofMaker, { page: mark, decision: 'approve' })).status).toBe(410);
  expect((await fetch(other)).status).toBe(200);
  await post(`/approvals/${id}/deny`, person.secret);
  expect((await fetch(other)).status).toBe(410);
  expect((await fetch(`${desk.server.url}/approve/${'x'.repeat(43)}`)).status).toBe(410);
  expect((await post(`/approvals/${id}/links`, person.secret)).body.error.code).toBe('approval_decided');
});

it('is made by who may decide, and stands nowhere else', async () => {
  const id = await ask('nowhere');
  expect((await post(`/approvals/${id}/links`, worker.secret)).body.error.code).toBe('not_allowed');
  const token = new URL(await link(id)).pathname.split('/').at(-1) ?? '';
  const seen = await Promise.all(
    [`/approvals/${id}`, '/approvals', '/webhooks/events?limit=100', '/audit?limit=100'].map((path) =>
      desk.server.call('GET', `/api/v1${path}`),
    ),
  );
  expect(seen.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(JSON.stringify(seen.map(({ body }) => body))).not.toContain(token);
});
