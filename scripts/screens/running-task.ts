// A task of the sample Seed that is at work while pictures are taken.
import { SeedError } from '../../src/protocol/errors.ts';
import type { Task } from '../../src/protocol/task.ts';

const INSTRUCTION = 'Read all orders\n```bash\necho "Reading 4,812 orders"; sleep 590\n```';
const WITHIN_MS = 60_000;

export async function startRunningTask(url: string, key: string): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const call = async (path: string, body?: object): Promise<Task> => {
    const init = body ? { method: 'POST', body: JSON.stringify(body) } : {};
    const response = await fetch(`${url}/api/v1/tasks/${path}`, { ...init, headers });
    if (!response.ok) throw new SeedError('setup_failed', `${path} answered ${response.status}`);
    const answer = (await response.json()) as { task: Task };
    return answer.task;
  };
  let task = await call('run', { instruction: INSTRUCTION, timeout: 600_000 });
  const start = performance.now();
  while (task.phase !== 'working') {
    if (performance.now() - start > WITHIN_MS)
      throw new SeedError('setup_failed', `task ${task.id} does not start`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    task = await call(task.id);
  }
}
