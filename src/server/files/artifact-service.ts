// The files of a task and its artifacts, for the services: given with it, listed, downloaded.
import type { Actor } from '../../command/call.ts';
import type { TaskService } from '../../command/context.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { ReceivedFile } from '../../protocol/file.ts';
import type { Resources } from '../../protocol/resources.ts';
import { taskOf } from '../access/lineage.ts';
import type { ServerParts } from '../parts.ts';
import { isTaskBelow } from '../tasks/tasks.ts';
import { artifactsOf } from './task-files.ts';

const MIB = 1024 * 1024;

export function artifactService(
  { store, blobs }: ServerParts,
  actor: Actor,
): Pick<TaskService, 'artifacts' | 'artifact'> {
  async function found(taskId: string) {
    const artifacts = await artifactsOf(store.db, actor.accountId, taskId);
    if (artifacts === null)
      throw new SeedError('not_found', `there is no task ${taskId}`, {
        hint: 'seed tasks list shows the ids.',
      });
    const own = taskOf(actor.lineage);
    if (own === null || own === taskId || (await isTaskBelow(store.db, taskId, own))) return artifacts;
    throw new SeedError(
      'not_allowed',
      'an agent gets the artifacts of its own task and of those below it only',
    );
  }
  return {
    artifacts: async (id) => (await found(id)).map(({ blobId: _, ...artifact }) => artifact),
    artifact: async (id, name) => {
      const artifact = (await found(id)).find((candidate) => candidate.name === name);
      if (!artifact)
        throw new SeedError('not_found', `the task has no artifact "${name}"`, {
          hint: `seed tasks artifacts list ${id} shows what it has.`,
        });
      return { ...artifact, content: await blobs.read(artifact.blobId) };
    },
  };
}

/** Files that fill a sandbox's disk would leave its agent nothing. @throws SeedError invalid_input */
export function refuseWithoutRoom(files: readonly ReceivedFile[], { diskMb }: Resources): void {
  const bytes = files.reduce((sum, { content }) => sum + content.size, 0);
  if (bytes <= (diskMb * MIB) / 2) return;
  throw new SeedError(
    'invalid_input',
    `the files take more than half of the sandbox's disk of ${diskMb} MiB`,
    {
      hint: 'Ask for more with resources.diskMb.',
    },
  );
}
