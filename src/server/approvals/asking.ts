// The commands that say themselves that a person is asked first. Called for every call, before it is done.
import { type Admission, NeedsApproval } from '../ledger/admission.ts';
import type { CalledCommand } from '../ledger/kept-call.ts';

/** Null: nothing asks. */
export function askingCommands({ command }: CalledCommand): Admission | null {
  if (!('approval' in command) || command.approval !== 'ask') return null;
  return {
    admit: () => Promise.reject(new NeedsApproval(`"${command.name}" is always asked for`)),
    giveBack: async () => {},
  };
}
