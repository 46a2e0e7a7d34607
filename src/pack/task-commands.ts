// Commands of packs whose work an agent does: `defineTask`. The command says what the agent is to do with which
// scopes, and its output's schema is what the agent's answer has to fit. Packs get this through src/pack/pack.ts.
import { z } from 'zod';
import type { ObjectCommand } from '../command/define-command.ts';
import type { RunTaskBody } from '../protocol/task.ts';
import { Task } from '../protocol/task.ts';
import type { ExternalContext, PackCommand } from './pack-command.ts';

type Wanted = z.input<typeof RunTaskBody>;

/** What a call of the command hands to an agent. */
export interface WantedTask
  extends Pick<Wanted, 'timeout' | 'model' | 'budget' | 'resources' | 'limits' | 'metadata'> {
  /** What to do, in plain language. */
  instruction: string;
  /** What the agent may do, at most what the caller's key may. */
  scopes: readonly string[];
}

interface TaskCommand<Input extends z.ZodObject, Output extends z.ZodObject>
  extends Pick<
    ObjectCommand<Input, Output>,
    'name' | 'summary' | 'http' | 'scope' | 'input' | 'reads' | 'limits' | 'approval' | 'examples' | 'describe'
  > {
  effect: 'write' | 'destructive';
  /** What the agent's answer is: `output` of the task. */
  output: Output;
  /** What is handed to the agent for this input. Pure: it is asked again when the request is repeated. */
  task(input: z.output<Input>): WantedTask;
}

/** What such a command is given besides. */
export interface TaskContext extends ExternalContext<never> {
  startTask(wanted: Wanted): Promise<Task>;
}

/**
 * A command that starts a task and answers with it, at once or, asked to wait, when it has ended: the same as
 * `tasks run` with this instruction, scopes and schema. Its scope is all that its caller needs for it; what the
 * agent may do is bounded by the caller's other scopes.
 */
export function defineTask<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: TaskCommand<Input, Output>,
): PackCommand {
  const { task, output, ...command } = definition;
  const schema = z.toJSONSchema(output, { io: 'input' });
  return {
    ...command,
    successStatus: 202,
    creates: true,
    repeatable: true,
    external: true,
    follow: 'tasks events',
    output: z.object({ task: Task.extend({ output: output.nullable() }) }),
    run: async (input: z.output<Input>, { startTask }: TaskContext) => {
      const { scopes, ...wanted } = task(input);
      return { task: await startTask({ ...wanted, scopes: [...scopes], output: { schema } }) };
    },
  } as unknown as PackCommand;
}
