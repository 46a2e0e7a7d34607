// What the playbook decides from what the commands print.
import { play } from 'seed/testing';
import { describe, expect, it } from 'vitest';
import { renewal } from './renewal.ts';

const contact = { id: 'acme-corp', company: 'Acme', name: "Séamus O'Brien", email: 's@acme.example' };

function played(subscription: object | null, instruction = renewal.example) {
  return play(renewal, instruction, (command) => {
    if (command.startsWith('seed contacts get')) return { contact };
    if (command.startsWith('seed subscriptions status')) return { subscription };
    return { email: { id: '1', to: contact.email } };
  });
}
const plan = (daysLeft: number, status = 'active') => ({
  plan: 'Team',
  status,
  expiresOn: '2026-01-15',
  daysLeft,
});

describe('a renewal email', () => {
  it.each([
    ['today', plan(0), true],
    ['in 14 days', plan(14), true],
    ['in 15 days', plan(15), false],
    ['yesterday', plan(-1), false],
    ['in 3 days, unpaid', plan(3, 'past_due'), true],
    ['in 3 days, cancelled', plan(3, 'cancelled'), false],
    ['never, for there is none', null, false],
  ])('for a plan that ends %s', (_, subscription, drafted) => {
    const { commands, answer } = played(subscription);
    expect(commands.some((command) => command.startsWith('seed emails draft acme-corp '))).toBe(drafted);
    expect(/Drafted a renewal email/.test(answer)).toBe(drafted);
  });

  it('goes by the days and the contact of the instruction', () => {
    const instruction = renewal.example.replace('14 days', '30 days').replace('acme-corp', 'globex');
    const { commands } = played(plan(29), instruction);
    expect(commands[0]).toBe('seed contacts get globex --json');
    expect(commands.at(-1)).toMatch(/^seed emails draft globex /);
  });

  it('quotes what customers are called', () => {
    expect(played(plan(1)).commands.at(-1)).toContain(`Hello Séamus O'\\''Brien,`);
  });

  it('says which scope is missing', () => {
    const missing = 'seed: "emails draft" needs the scope emails:write, which this key lacks';
    const { answer } = play(renewal, renewal.example, (command) => {
      if (command.startsWith('seed contacts')) return { contact };
      return command.startsWith('seed subscriptions') ? { subscription: plan(1) } : missing;
    });
    expect(answer).toContain('could not be drafted: this key lacks the scope emails:write');
  });

  it.each([
    renewal.example.replace('draft', 'do not draft'),
    'Look up the contact record for acme-corp and check their subscription status.',
  ])('is not written for: %s', (instruction) => {
    expect(renewal.recognises(instruction)).toBe(false);
  });
});
