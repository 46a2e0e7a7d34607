// Makes the folders that the agent works in and gives them to its user.
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestSettings } from './guest-settings.ts';

/** What the caller gives, the guest's own: the agent reads it. */
export const inDir = ({ workspaceDir }: GuestSettings) => join(workspaceDir, 'in');
/** What the agent leaves here the caller gets. */
export const outDir = ({ workspaceDir }: GuestSettings) => join(workspaceDir, 'out');

/** Called once, before the rehearsal. */
export async function prepareFolders(settings: GuestSettings): Promise<void> {
  for (const dir of [settings.workspaceDir, settings.homeDir]) await giveFolder(dir, settings);
}

/** Called when the sandbox has its disk, and before the agent moves. */
export async function prepareOutDir(settings: GuestSettings): Promise<void> {
  await giveFolder(outDir(settings), settings);
}

async function giveFolder(dir: string, { agent }: GuestSettings): Promise<void> {
  await mkdir(dir, { recursive: true });
  if (agent !== null) await chown(dir, agent.uid, agent.gid);
}
