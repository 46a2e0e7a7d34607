// Whether a caller may use a command at all: asked for every request, and again when a call runs that waited for a
// person.
import { SeedError } from '../protocol/errors.ts';
import { allows } from '../protocol/scope.ts';
import type { Actor } from './call.ts';
import type { Command } from './define-command.ts';

/** @throws SeedError operator_only or missing_scope */
export function refuseUnlessAllowed(command: Command, actor: Actor): void {
  if (command.operatorOnly && !actor.operator) {
    throw new SeedError('operator_only', `"${command.name}" is for the operator of this Seed`);
  }
  if (command.scope !== null && !allows(actor.key.scopes, command.scope)) {
    const message = `"${command.name}" needs the scope ${command.scope}, which this key lacks`;
    throw new SeedError('missing_scope', message, {
      hint: '`seed --help` (GET /api/v1/commands) lists what this key may use; another key can be created with the scope.',
    });
  }
}
