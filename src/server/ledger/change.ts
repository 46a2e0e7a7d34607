// One call of a command that changes something: admitted, done, and kept where it must not be missed. Called by
// http/command-calls.ts for requests, and for calls that a person has approved.

import type { Call } from '../../command/call.ts';
import { type ObjectCommand, WrittenAnswer } from '../../command/define-command.ts';
import { type Admission, admitted } from './admission.ts';
import { doBetween, type LedgerParts } from './do-between.ts';
import { doTogether } from './do-together.ts';
import type { Done, KeptCall } from './kept-call.ts';

export interface Change {
  command: ObjectCommand;
  /** Sound by the command's schema. */
  input: unknown;
  call: Call;
  /** Null: it is only counted. */
  kept: KeptCall | null;
  /** Null: nothing limits it. */
  admission: Admission | null;
}

/** @throws SeedError or NeedsApproval, as do-together.ts and do-between.ts do */
export async function change(
  parts: LedgerParts,
  { command, input, call, kept, admission }: Change,
): Promise<Done> {
  const run = async (own: Partial<Call>) =>
    checkedOutput(command, await command.run(input as never, { ...call, ...own }, undefined));
  const { waiting } = call;
  if (command.transactional)
    return doTogether(parts.store, { call: kept, admission, waiting }, (store) => run({ store }));
  if (kept === null) return { output: await admitted(parts.store.db, admission, () => run({})), isReplay: false };
  return doBetween(
    parts,
    { call: kept, admission, waiting, takesOver: command.repeatable === true },
    (creationId) => run({ creationId }),
  );
}

/** What the command has answered, checked against what it declares, so that nothing else leaves the server. */
function checkedOutput({ output }: ObjectCommand, result: object): object {
  return result instanceof WrittenAnswer ? result.output : output.parse(result);
}
