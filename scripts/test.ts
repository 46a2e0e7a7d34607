// npm test: sets the machine up if need be, then runs every test. The last line counts them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitOnFailure } from '../src/lib/process-life.ts';
import { ensureChromium } from './lib/chromium.ts';
import { onProgress, setUpWithProgress } from './lib/set-up.ts';

await exitOnFailure(setUpWithProgress);
await ensureChromium(onProgress);
const folder = await mkdtemp(join(tmpdir(), 'seed-test-'));
const report = join(folder, 'report.json');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
const vitest = spawn('vitest', ['run', ...reporters, ...process.argv.slice(2)], { stdio: 'inherit' });
process.on('SIGINT', () => vitest.kill('SIGINT'));
const [code] = (await once(vitest, 'exit')) as [number | null];
const counts = JSON.parse(await readFile(report, 'utf8').catch(() => '{}')) as {
  numPassedTests?: number;
  numFailedTests?: number;
  numPendingTests?: number;
};
await rm(folder, { recursive: true, force: true });
const { numPassedTests: passed = 0, numFailedTests: failed = 0, numPendingTests: skipped = 0 } = counts;
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exit(code === 0 && passed === 0 ? 1 : (code ?? 1));
