// What a guest that is reached by a socket leaves when it ends by itself: its account and why, in the file that
// its node carries into its pod's status. Called by main.ts; read by src/drivers/kubernetes/pod-status.ts.
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { ACCOUNT_FILES, type ContainerAccount, containerAccount } from '../lib/container-account.ts';

/** Characters; JSON makes up to six bytes of one, and a kubelet reads 4 KiB. */
const SAID_MOST = 512;

/** One line of JSON. Does nothing where there is no such file, and never throws: it is the last that is done. */
export function leaveLastWords(path: string, said = ''): void {
  try {
    // Not created: it is there where somebody reads it.
    const file = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      ftruncateSync(file);
      writeSync(file, `${JSON.stringify({ ...ownAccount(), said: said.slice(0, SAID_MOST) })}\n`);
    } finally {
      closeSync(file);
    }
  } catch {
    // There is nobody to tell.
  }
}

function ownAccount(): ContainerAccount | null {
  const files = new Map<string, string>();
  for (const path of ACCOUNT_FILES) {
    try {
      files.set(path, readFileSync(path, 'utf8'));
    } catch {
      // Of the other version of control groups.
    }
  }
  return containerAccount(files);
}
