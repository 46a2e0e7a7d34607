// Fetches the files that the caller gave and writes them where the agent finds them: the guest's own, for the agent to read.
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GuestTask } from '../protocol/guest.ts';
import { inDir } from './folders.ts';
import type { GuestSettings } from './guest-settings.ts';
import type { Link } from './link.ts';
import { newPatience, untilAnswered } from './until-answered.ts';

export async function fetchFiles(
  link: Link,
  files: GuestTask['files'],
  settings: GuestSettings,
): Promise<void> {
  const patience = newPatience();
  for (const [index, { name }] of files.entries()) {
    const path = join(inDir(settings), name);
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    const { status, body } = await untilAnswered(
      () => link.download(`/files/${index}`, createWriteStream(path, { mode: 0o444 })),
      patience,
    );
    if (status !== 200) throw new Error(`/files/${index} was answered ${status}: ${body.toString('utf8')}`);
  }
}
