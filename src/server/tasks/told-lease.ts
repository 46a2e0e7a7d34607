// What whoever runs a task is told of it: its lease but for the key and the times that count from the answer.
// Used by the routes of runners and by the door.
import { toTold } from '../../command/manifest.ts';
import type { Registry } from '../../command/registry.ts';
import type { ModelTraits } from '../../protocol/model.ts';
import type { Lease } from '../../protocol/runner.ts';
import type { LeasedTask } from './lease.ts';
import { plainForm } from './output/plain-form.ts';

export interface ToldNeeds {
  registry: Pick<Registry, 'allowed'>;
  llm: { traitsOf(model: string): ModelTraits };
}

/** Of more than these a small model is told no filters: every start carries what is told. */
const FILTERED_COMMANDS = 20;

export function toldLease(
  { registry, llm }: ToldNeeds,
  { task, leaseId, deadline, waitMs, operator, messages, outputSchema }: LeasedTask,
): Omit<Lease, 'taskKey' | 'leftMs'> {
  const traits = llm.traitsOf(task.model);
  const allowed = registry.allowed(task.scopes.effective, operator);
  return {
    leaseId,
    taskId: task.id,
    instruction: task.instruction,
    model: task.model,
    modelTraits: traits,
    scopes: task.scopes.effective,
    timeoutMs: task.timeout,
    resources: task.resources,
    deadline: deadline.toISOString(),
    waitMs,
    files: task.files,
    commands: toTold(allowed, { filters: traits.tools === 'bash' && allowed.length <= FILTERED_COMMANDS }),
    ...(task.continues !== null && { continues: { notes: task.notes, workspace: task.workspace !== null } }),
    ...(task.keep !== null && { keepsWorkspace: true }),
    ...(messages > 0 && { messages }),
    ...(outputSchema && { output: { whole: outputSchema, plain: plainForm(outputSchema) } }),
  };
}
