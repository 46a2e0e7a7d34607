// Which versions of Seed understand each other: a runner says with every request what it speaks, and a server
// refuses what it cannot serve. docs/scale.md tells which versions may stand side by side.
import { SeedError } from './errors.ts';

export const PROTOCOL_HEADER = 'seed-protocol';

/** What a runner of this version speaks: runner.ts. Raised when servers of the version before cannot serve it. */
export const RUNNER_PROTOCOL = 1;
/** The oldest that a server of this version serves. */
const OLDEST_SERVED = 1;
/** Of a runner that says nothing: the ones before it was asked for. */
const UNSAID = '1';

/** @param said the header's text. @throws SeedError version_mismatch */
export function refuseOtherProtocol(said: string = UNSAID): void {
  const protocol = /^\d{1,6}$/.test(said) ? Number(said) : Number.NaN;
  if (protocol >= OLDEST_SERVED && protocol <= RUNNER_PROTOCOL) return;
  const isNewer = protocol > RUNNER_PROTOCOL;
  const served = OLDEST_SERVED === RUNNER_PROTOCOL ? RUNNER_PROTOCOL : `${OLDEST_SERVED} to ${RUNNER_PROTOCOL}`;
  throw new SeedError('version_mismatch', `the runner speaks protocol ${shown(said)}, and this server ${served}`, {
    hint: isNewer
      ? 'Update the servers first and the runners after them: servers understand the runners of the version before.'
      : "Update the runner to this server's version.",
  });
}

const shown = (said: string) => (/^[\w.-]{1,40}$/.test(said) ? said : 'of an unknown form');
