// A bot for a chat tool: tells a channel of each call that waits for a person, with a link for yes and one for no.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { receiver } from '../04-a-webhook-receiver/receiver.mjs';

/** So that what an agent has put into its call is no markup: no link or mention in the chat, no HTML on the page. */
const MARKUP = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const plain = (text) => String(text).replace(/[&<>]/g, (sign) => MARKUP[sign]);

/**
 * @param url where people reach the bot
 * @param say posts a text to the channel
 * @param decide does it: (approvalId, 'approve' | 'deny') => the approval's new state
 * @returns a handler of requests, for createServer of node:http
 */
export function approvalBot({ url, webhookSecret, linkSecret, say, decide }) {
  const seal = (id, decision) => createHmac('sha256', linkSecret).update(`${id} ${decision}`).digest();
  const link = (id, decision) => `${url}/${decision}/${id}/${seal(id, decision).toString('base64url')}`;
  const onWebhook = receiver(webhookSecret, async ({ type, data }) => {
    if (type !== 'task.approval_requested') return;
    const { approvalId: id, summary, reason, expiresAt } = data;
    await say(
      `${plain(summary)}\nAsked because: ${plain(reason)}. Until ${expiresAt}\n` +
        `Yes: ${link(id, 'approve')}\nNo: ${link(id, 'deny')}`,
    );
  });

  return async (request, response) => {
    if (request.url === '/hooks') return onWebhook(request, response);
    const answer = (status, html) =>
      response
        .writeHead(status, {
          'content-type': 'text/html; charset=utf-8',
          'cache-control': 'no-store',
          'referrer-policy': 'no-referrer',
          'content-security-policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
        })
        .end(html);
    const [, decision, id, given] = /^\/(approve|deny)\/([\w-]+)\/([\w-]+)$/.exec(request.url) ?? [];
    const expected = decision ? seal(id, decision) : null;
    const sealed = Buffer.from(given ?? '', 'base64url');
    if (!expected || sealed.length !== expected.length || !timingSafeEqual(sealed, expected))
      return answer(404, 'There is no such link.');
    // Chat tools open links to show previews of them, and scanners of mail do: looking must decide nothing.
    if (request.method !== 'POST') return answer(200, `<form method="post"><button>${decision}</button></form>`);
    try {
      answer(200, `It is ${plain(await decide(id, decision))}.`);
    } catch (error) {
      answer(409, plain(error.message));
    }
  };
}
