// Makes the folders that the agent works in and gives them to its user. Called once, before the rehearsal.
import { chown, mkdir } from 'node:fs/promises';
import type { GuestSettings } from './guest-settings.ts';

export async function prepareFolders(settings: GuestSettings): Promise<void> {
  for (const dir of [settings.workspaceDir, settings.homeDir]) {
    await mkdir(dir, { recursive: true });
    if (settings.agent !== null) await chown(dir, settings.agent.uid, settings.agent.gid);
  }
}
