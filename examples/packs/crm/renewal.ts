// "Look up the contact record …, check their subscription status, and draft a renewal email if their plan expires
// …": the playbook of the model `scripted`.
import { type Playbook, parseOutput, plain, reasonOf, type Steps, shellWord, z } from 'seed/pack';

const ContactAnswer = z.object({
  contact: z.object({ id: z.string(), company: z.string(), name: z.string(), email: z.string().nullable() }),
});
const SubscriptionAnswer = z.object({
  subscription: z
    .object({ plan: z.string(), status: z.string(), expiresOn: z.string(), daysLeft: z.number() })
    .nullable(),
});
const DraftAnswer = z.object({ email: z.object({ id: z.string(), to: z.string() }) });

interface Wish {
  contactId: string;
  withinDays: number;
}

function wishOf(instruction: string): Wish | null {
  const [, contactId] = /\bcontact record (?:for|of) ([a-z0-9][a-z0-9-]*)/i.exec(instruction) ?? [];
  const [, days] = /\bexpires? within (\d{1,4}) days?\b/i.exec(instruction) ?? [];
  const draft = /\bdraft (?:a |the )?renewal email\b/i.test(instruction);
  const refused = /\b(?:not|never|without|n['’]t)\b[^.!?]{0,20}\bdraft/i.test(instruction);
  if (contactId === undefined || days === undefined || !draft || refused) return null;
  return { contactId: contactId.toLowerCase(), withinDays: Number(days) };
}

function* play(instruction: string): Steps<string> {
  const wish = wishOf(instruction);
  if (wish === null) return 'This is no instruction about a renewal.';
  const { contactId, withinDays } = wish;
  const found = yield `seed contacts get ${contactId} --json`;
  const contact = found.failed ? null : parseOutput(ContactAnswer, found)?.contact;
  if (!contact) return `Could not look up ${contactId}: ${reasonOf(found)}. Nothing was drafted.`;
  const checked = yield `seed subscriptions status ${contactId} --json`;
  const status = checked.failed ? null : parseOutput(SubscriptionAnswer, checked);
  if (!status)
    return `Could not check the subscription of ${contactId}: ${reasonOf(checked)}. Nothing was drafted.`;

  const { subscription } = status;
  const who = `${plain(contact.company)} (${contactId})`;
  if (subscription === null) return `${who} has no subscription. No email was drafted.`;
  const { daysLeft, expiresOn } = subscription;
  const plan = `${who}: the ${plain(subscription.plan)} plan`;
  if (daysLeft < 0)
    return `${plan} expired on ${expiresOn}, ${counted(-daysLeft)} ago. No renewal email was drafted.`;
  const until = `${plan} is ${subscription.status} and expires on ${expiresOn}, in ${counted(daysLeft)}`;
  if (subscription.status === 'cancelled') return `${until}. It is cancelled, so no renewal email was drafted.`;
  if (daysLeft > withinDays) return `${until}. That is not within ${withinDays} days: no email was drafted.`;

  const subject = `Your ${plain(subscription.plan)} plan ends on ${expiresOn}`;
  const body = `Hello ${plain(contact.name)},\n\nyour ${plain(subscription.plan)} plan for ${plain(contact.company)} ends on ${expiresOn}. Shall we renew it for another year?\n\nReply to this email and we take care of it.`;
  const drafted =
    yield `seed emails draft ${contactId} --subject ${shellWord(subject)} --body ${shellWord(body)} --json`;
  const email = drafted.failed ? null : parseOutput(DraftAnswer, drafted)?.email;
  if (!email) return `${until}. A renewal email could not be drafted: ${reasonOf(drafted)}.`;
  return `${until}. Drafted a renewal email to ${plain(email.to)} (${email.id}); it has not been sent.`;
}

const counted = (days: number) => `${days} ${days === 1 ? 'day' : 'days'}`;

export const renewal: Playbook = {
  name: 'renewal',
  example:
    'Look up the contact record for acme-corp, check their subscription status, and draft a renewal email if their plan expires within 14 days.',
  recognises: (instruction) => wishOf(instruction) !== null,
  play,
};
