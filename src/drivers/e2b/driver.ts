// The E2B driver: sandboxes are virtual machines of E2B's cloud, or of an installation of one's own, that wake
// up from a snapshot in which the guest waits. Chosen by name only.
import type { Driver } from '../driver.ts';
import { createRemoteDriver } from '../remote/driver.ts';
import { createE2bApi } from './api.ts';
import { createConnectClient } from './connect.ts';
import { readE2bSettings } from './settings.ts';
import { createE2bVendor } from './vendor.ts';

/**
 * @param owner the runner whose sandboxes it starts
 * @throws SeedError invalid_settings: the driver is then not usable
 */
export async function createE2bDriver({ owner }: { owner: string }): Promise<Driver> {
  const settings = readE2bSettings();
  const vendor = createE2bVendor(settings, createE2bApi(settings), createConnectClient());
  return createRemoteDriver({ vendor, owner, installation: settings.installation });
}
