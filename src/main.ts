// npm start: server and runner on this machine until Ctrl-C.
import { type AllInOne, startAllInOne } from './all-in-one.ts';
import { wholeEnvironment } from './lib/env.ts';
import { describeFailure, exitOnFailure } from './lib/process-life.ts';

await exitOnFailure(async () => {
  const seed = await startAllInOne({
    SEED_LOG_LEVEL: process.stderr.isTTY ? 'warn' : 'info',
    ...wholeEnvironment(),
  });
  greet(seed);
  process.on('SIGINT', () => stop(seed, 0));
  process.on('SIGTERM', () => stop(seed, 0));
  void seed.failed.then((why) => {
    process.stderr.write(`seed: ${why}; giving up\n`);
    return stop(seed, 1);
  });
});

let stopping = false;

async function stop(seed: AllInOne, exitCode: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  process.stdout.write('\nStopping: running tasks get a few seconds to end\n');
  await seed.stop().catch((error) => process.stderr.write(describeFailure(error)));
  process.exit(exitCode);
}

function greet({ url, adminKey, model, packs }: AllInOne): void {
  const lines = [`Seed is ready at ${url} (that is its dashboard; the reference is at ${url}/docs)`];
  if (model === 'scripted') {
    lines.push(
      'Model: scripted, which is no language model. For a real one set OPENROUTER_API_KEY or SEED_LLM_BASE_URL.',
    );
  } else lines.push(`Model: ${model}`);
  if (packs.length > 0) lines.push(`Packs: ${packs.join(', ')} (SEED_PACKS narrows them)`);
  if (adminKey)
    lines.push(
      '',
      'Your admin key, shown this once:',
      '',
      `  ${adminKey}`,
      '',
      `Sign in to the dashboard with it, or save it for the CLI: bin/seed login --url ${url}`,
    );
  lines.push('', 'Try: bin/seed tasks run "Check our API key inventory and revoke any expired ones"', '');
  process.stdout.write(`${lines.join('\n')}\n`);
}
