// Which runsc this is: a checkpoint can be restored only by the one that wrote it.
import { exec } from '../../lib/exec.ts';
import { HOST_ENVIRONMENT } from '../process/host-environment.ts';
import { SPEC_VERSION } from './spec.ts';

/** runsc's version and that of the specification its sandboxes have. */
export async function gvisorVersion(runscPath: string): Promise<string> {
  const text = await exec(runscPath, ['--version'], { env: HOST_ENVIRONMENT });
  return `${text.split('\n')[0]?.replace('runsc version ', '').trim()} spec ${SPEC_VERSION}`;
}
