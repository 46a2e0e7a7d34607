// npm start: server and runner on this machine until Ctrl-C.
import { type AllInOne, startAllInOne } from './all-in-one.ts';
import { wholeEnvironment } from './lib/env.ts';
import { SEED_COMMAND } from './lib/own-files.ts';
import { describeFailure, exitOnFailure } from './lib/process-life.ts';

/** npm passes a Ctrl-C on that the terminal has already sent to every process: two signals so close are one. */
const ONE_KEYPRESS_MS = 250;

let seed: AllInOne | undefined;
let stoppingSince: number | undefined;

await exitOnFailure(async () => {
  process.on('SIGINT', () => onSignal());
  process.on('SIGTERM', () => onSignal());
  seed = await startAllInOne({
    SEED_LOG_LEVEL: process.stderr.isTTY ? 'warn' : 'info',
    ...wholeEnvironment(),
  });
  greet(seed);
  void seed.failed.then((why) => {
    process.stderr.write(`seed: ${why}; giving up\n`);
    if (seed) return stop(seed, 1);
  });
});

/**
 * The first stops, a second one ends at once. While Seed starts there is nothing to stop: what was started ends
 * with its parent.
 */
function onSignal(): void {
  if (seed === undefined) process.exit(130);
  if (stoppingSince === undefined) return void stop(seed, 0);
  if (performance.now() - stoppingSince < ONE_KEYPRESS_MS) return;
  seed.kill();
  process.stdout.write('Ended at once: what tasks were running is found out, and told, at the next start\n');
  process.exit(130);
}

async function stop(running: AllInOne, exitCode: number): Promise<void> {
  if (stoppingSince !== undefined) return;
  stoppingSince = performance.now();
  process.stdout.write('\nStopping: running tasks get a few seconds to end. Ctrl-C again ends at once.\n');
  await running
    .stop((line) => process.stdout.write(`${line}\n`))
    .catch((error) => process.stderr.write(describeFailure(error)));
  process.exit(exitCode);
}

function greet({ url, adminKey, model, packs, notices }: AllInOne): void {
  const lines = [`Seed is ready at ${url} (that is its dashboard; the reference is at ${url}/docs)`];
  lines.push(`Model: ${model}`);
  if (packs.length > 0) lines.push(`Packs: ${packs.join(', ')} (SEED_PACKS chooses others)`);
  lines.push(...notices);
  if (adminKey)
    lines.push(
      '',
      'Your admin key, shown this once:',
      '',
      `  ${adminKey}`,
      '',
      `Sign in to the dashboard with it, or save it for the CLI: ${SEED_COMMAND} login --url ${url}`,
    );
  lines.push('', `Try: ${SEED_COMMAND} tasks run "Check our API key inventory and revoke any expired ones"`, '');
  process.stdout.write(`${lines.join('\n')}\n`);
}
