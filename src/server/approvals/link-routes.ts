// The page that a link leads to, under /approve: it shows what would happen, and only its own form decides.
// Free of scripts, so that it works wherever mail is read.
import { hash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import type { Store } from '../../db/store.ts';
import { DecisionMessage } from '../../protocol/approval.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Gate } from '../http/gate.ts';
import type { HttpEnv } from '../http/http-types.ts';
import type { DecideNeeds } from './decide.ts';
import { decideByLink, openLink } from './links.ts';
import { type FoundApproval, inputJsonOf } from './rows.ts';

export interface LinkRoutesNeeds {
  store: Store;
  gate: Gate;
  deciding: DecideNeeds;
}

const HEADERS = {
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
};
const VERBS = { approve: 'approved', deny: 'denied' } as const;

export function linkRoutes({ store, gate, deciding }: LinkRoutesNeeds): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  app.get('/:token', async (c) => {
    const link = await openLink(store, c.req.param('token'));
    return link ? page(c, 200, showing(link.approval, link.actor.key.name, c.req.param('token'))) : over(c);
  });
  app.post('/:token', async (c) => {
    const token = c.req.param('token');
    const { name, state, message } = await readForm(c, token);
    return gate.audited(c, { name: `approvals ${name}`, effect: 'write' }, async () => {
      const link = await openLink(store, token);
      if (!link) return over(c);
      const { actor, approval } = link;
      c.set('presented', { accountId: actor.accountId, keyId: actor.key.id, taskId: null });
      c.set('target', approval.id);
      const decided = await decideByLink(store, token, { state, message }, deciding).catch((error) => {
        if (error instanceof SeedError && error.code === 'approval_decided') return null;
        throw error;
      });
      return decided ? page(c, 200, html`<h1>${WORDS[state]}</h1><p>${approval.summary}</p>`) : over(c);
    });
  });
  return app;
}

const WORDS = { approved: 'Approved', denied: 'Denied' };

type Page = ReturnType<typeof html>;

function over(c: Context<HttpEnv>): Response | Promise<Response> {
  const what =
    'It was used, or what it was for was decided or is over. Ask for a new one, or look in the dashboard.';
  return page(c, 410, html`<h1>This link is over</h1><p>${what}</p>`);
}

function page(c: Context<HttpEnv>, status: 200 | 410, body: Page): Response | Promise<Response> {
  for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
  return c.html(
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Seed: approval</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; border: 1px solid }
button { font: inherit; padding: 0.5rem 1.5rem; margin-right: 0.5rem }
textarea { font: inherit; display: block; width: 100%; margin-bottom: 1rem }
dt { font-weight: 600 } dd { margin: 0 0 0.5rem }
</style>
</head>
<body>${body}</body>
</html>
`,
    status,
  );
}

function raiseText({ budget }: FoundApproval): string {
  return budget ? `${budget.current} → ${budget.requested} ${budget.unit}` : '';
}

function showing(row: FoundApproval, decider: string, token: string): Page {
  const most = LIMITS.approvalMessageLength;
  const facts = [
    ['Why it is asked', row.reason],
    ['Command', row.command ?? 'more budget'],
    ['Effect', row.effect ?? ''],
    ['Task', row.task_id ?? 'none: a direct call'],
    ['Until', row.expires_at.toISOString()],
    ['You decide as', decider],
  ];
  return html`<h1>${row.summary}</h1>
<dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
<pre>${inputJsonOf(row) ?? raiseText(row)}</pre>
<form method="post" autocomplete="off">
<input type="hidden" name="page" value="${pageMark(token)}">
<label>Message, for the agent and the ledger <textarea name="message" rows="3" maxlength="${most}"></textarea></label>
<button name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>
</form>`;
}

/** Stands in the page alone: whoever has only the link has to look at it first. */
const pageMark = (token: string) => hash('sha256', `page ${token}`, 'hex');

/** @throws SeedError cross_site_request or invalid_input: it is not the form of the page */
async function readForm(c: Context<HttpEnv>, token: string) {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin')
    throw new SeedError('cross_site_request', 'only the page of the link decides', {
      hint: 'Open the link first.',
    });
  if (c.get('mediaType')?.essence !== 'application/x-www-form-urlencoded')
    throw new SeedError('unsupported_media_type', 'the body is not that of the form of the page');
  const form = new URLSearchParams(await c.req.text());
  if (form.get('page') !== pageMark(token))
    throw new SeedError('cross_site_request', 'only the page of the link decides', {
      hint: 'Open the link first.',
    });
  const name = form.get('decision');
  const message = DecisionMessage.safeParse(form.get('message') ?? undefined);
  if ((name !== 'approve' && name !== 'deny') || !message.success)
    throw new SeedError('invalid_input', 'the form says neither approve nor deny, or its message is too long');
  return { name, state: VERBS[name], message: message.data };
}
