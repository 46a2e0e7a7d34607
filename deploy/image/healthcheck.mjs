// Whether the Seed in this container does what it is there for; Docker's HEALTHCHECK, and a probe for others. A server
// answers, and a runner has said lately that it lives. Exits with 0 or, with the reason on standard error, 1.
import { readdir, readFile, stat } from 'node:fs/promises';
import { env } from 'node:process';

const WITHIN_MS = 5_000;
/** The runner says it every ten seconds (src/runner/alive.ts). */
const SILENT_MS = 60_000;

async function roles() {
  const found = new Set();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const [, role] = /\/src\/(server|runner)\/main\.js\0/.exec(line) ?? [];
    if (role) found.add(role);
  }
  return found;
}

async function checkServer() {
  // biome-ignore lint/style/noProcessEnv: nothing of Seed is loaded, to be cheap
  const url = `http://127.0.0.1:${env.PORT ?? 3210}/healthz`;
  const { status } = await fetch(url, { signal: AbortSignal.timeout(WITHIN_MS) });
  if (status !== 200) throw new Error(`the server answers ${status}`);
}

async function checkRunner() {
  // biome-ignore lint/style/noProcessEnv: nothing of Seed is loaded, to be cheap
  const { mtimeMs } = await stat(`${env.SEED_DATA_DIR ?? '.seed'}/runner.alive`);
  const silentMs = Date.now() - mtimeMs;
  if (silentMs > SILENT_MS) throw new Error(`the runner was last alive ${Math.round(silentMs / 1000)} s ago`);
}

try {
  const found = await roles();
  if (found.size === 0) throw new Error('neither a server nor a runner is here');
  if (found.has('server')) await checkServer();
  if (found.has('runner')) await checkRunner();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
