// The agent's folders and the caller's files in them. Used by main.ts and run-task.ts.
import { createWriteStream } from 'node:fs';
import { chown, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GuestTask } from '../protocol/guest.ts';
import type { GuestSettings } from './guest-settings.ts';
import { type Link, newPatience, untilAnswered } from './link.ts';

/** What the caller gives, the guest's own: the agent reads it. */
const inDir = ({ workspaceDir }: GuestSettings) => join(workspaceDir, 'in');
/** What the agent leaves here the caller gets. */
export const outDir = ({ workspaceDir }: GuestSettings) => join(workspaceDir, 'out');

export async function prepareFolders(settings: GuestSettings): Promise<void> {
  for (const dir of [settings.workspaceDir, settings.homeDir]) await giveFolder(dir, settings);
}

/** Called when the sandbox has its disk, and before the agent moves. */
export const prepareOutDir = (settings: GuestSettings): Promise<void> => giveFolder(outDir(settings), settings);

async function giveFolder(dir: string, { agent }: GuestSettings): Promise<void> {
  await mkdir(dir, { recursive: true });
  if (agent !== null) await chown(dir, agent.uid, agent.gid);
}

export async function fetchFiles(link: Link, files: GuestTask['files'], settings: GuestSettings): Promise<void> {
  const patience = newPatience();
  for (const [index, { name }] of files.entries()) {
    const path = join(inDir(settings), name);
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    const send = async () => {
      // What is left of an earlier one cannot be written to.
      await rm(path, { force: true });
      return link.download(`/files/${index}`, createWriteStream(path, { mode: 0o444 }));
    };
    const { status, body } = await untilAnswered(send, patience);
    if (status !== 200) throw new Error(`/files/${index} was answered ${status}: ${body.toString('utf8')}`);
  }
}
