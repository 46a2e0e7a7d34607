// The Vercel driver: sandboxes are virtual machines at Vercel, reached over its terminal. Chosen by name only.
import type { Driver } from '../driver.ts';
import { createRemoteDriver } from '../remote/driver.ts';
import { readVercelSettings } from './settings.ts';
import { createVercelVendor } from './vendor.ts';

/** @throws SeedError invalid_settings, setup_failed: the driver is then not usable */
export async function createVercelDriver({ owner }: { owner: string }): Promise<Driver> {
  const settings = readVercelSettings();
  const vendor = await createVercelVendor(settings);
  return createRemoteDriver({ vendor, owner, installation: settings.installation });
}
