// Runs the CLI as this process. Called by the two entries: handed-out.ts and repository.ts.
import { type Form, runCli } from './run.ts';
import { systemIo } from './system-io.ts';

export async function main(form: Form): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `| head` has seen enough.
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  process.exitCode = await runCli(process.argv.slice(2), form, systemIo());
}
