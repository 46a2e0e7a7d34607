// Set-up with its progress on the terminal; says nothing when there is nothing to do.
import { goOnWithout, onProgress, setUpHere, trySetUpHere } from '../../src/drivers/set-up/set-up-here.ts';
import { buildWeb } from './build-web.ts';

/** @throws SeedError setup_failed or no_usable_driver, saying what is missing and how to get it */
export async function setUpWithProgress(): Promise<void> {
  await buildWeb(onProgress);
  await setUpHere();
}

/** For what is of use without dashboard and sandboxes, too: says what is wrong and goes on. */
export async function trySetUp(): Promise<void> {
  await goOnWithout(() => buildWeb(onProgress), 'without the dashboard as it is now');
  await trySetUpHere();
}
