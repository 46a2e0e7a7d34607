// Part `schemathesis`: requests by the thousand that others' tool makes from /openapi.json, with all of its checks, by
// keys of two accounts that must not see each other's objects.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { pythonVenv } from '../lib/python-venv.ts';
import type { ConformancePart, ConformanceSeed } from './part.ts';
import { endTasks } from './runner.ts';

const REQUIREMENTS = new URL('schemathesis-requirements.txt', import.meta.url);
/** The folder of schemathesis_hooks.py. */
const HOOKS = fileURLToPath(new URL('.', import.meta.url));
const LONGEST_MS = 900_000;
const OUTPUT_BYTES = 64 * 2 ** 20;

export const schemathesis: ConformancePart = {
  name: 'schemathesis',
  what: 'schemathesis, all checks, on every operation but streams, by keys of two accounts',
  async why() {
    const found = await pythonVenv(REQUIREMENTS);
    return 'why' in found ? found.why : null;
  },
  async run(seed, { quick }) {
    const found = await pythonVenv(REQUIREMENTS);
    if ('why' in found) throw new Error(found.why);
    const folder = await mkdtemp(join(tmpdir(), 'seed-schemathesis-'));
    try {
      const keys = await newKeys(seed);
      await writeFile(join(folder, 'auth.json'), JSON.stringify({ auth: keys.map(authEntry) }));
      await writeFile(join(folder, 'schemathesis.toml'), configuration(quick));
      await using _ = endTasks(seed);
      const streams = await streamsOf(seed);
      const output = await runTool(found.python, { folder, seed, keys, streams, quick });
      const { passed, failed } = countsIn(output);
      const lost = await lostKeys(seed, keys);
      const notes = failed > 0 ? [...output.split('\n'), ...lost] : lost;
      return { passed, failed: failed + lost.length, notes };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

interface AccountKey {
  name: string;
  id: string;
  secret: string;
}

/** One that may do all that the operator may, and one of another account. */
async function newKeys({ url, adminKey }: ConformanceSeed): Promise<AccountKey[]> {
  const post = async (path: string, body: object) => {
    const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
    const answer = await fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const { key, secret } = (await answer.json()) as { key: { id: string }; secret: string };
    return { id: key.id, secret };
  };
  return [
    { name: 'operator', ...(await post('/keys', { name: 'schemathesis', scopes: ['*'] })) },
    { name: 'tenant', ...(await post('/accounts', { name: 'Tenant of schemathesis' })) },
  ];
}

const authEntry = ({ name, secret }: AccountKey) => ({
  name,
  fixedHeaders: [{ name: 'Authorization', value: `Bearer ${secret}` }],
});

/**
 * The values that no schema can name are in schemathesis_hooks.py. A query has no word for "and no other parameters",
 * and how fast requests are made on this machine says nothing of Seed.
 */
const configuration = (quick: boolean) => `
seed = 1
workers = 2
color = false
request-timeout = 30
continue-on-failure = true
suppress-health-check = ["all"]
hooks = "schemathesis_hooks"

[auth.wfc]
path = "auth.json"
peers = ["operator", "tenant"]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429]

[generation]
max-examples = ${quick ? 2 : 8}
allow-extra-parameters = false
`;

/** Their answers end when what they follow ends, and the tool waits for whole answers: what is left out. */
async function streamsOf({ url }: ConformanceSeed): Promise<string[]> {
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string; responses: object }>>;
  };
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  return operations
    .filter(({ responses }) => JSON.stringify(responses).includes('application/x-ndjson'))
    .map(({ operationId }) => operationId);
}

interface Run {
  folder: string;
  seed: ConformanceSeed;
  keys: readonly AccountKey[];
  quick: boolean;
  streams: readonly string[];
}

/** What it prints. @throws Error when it cannot run, or does not end */
async function runTool(python: string, { folder, seed, keys, quick, streams }: Run): Promise<string> {
  const excluded = streams.flatMap((id) => ['--exclude-operation-id', id]);
  const phases = ['--phases', quick ? 'examples,fuzzing' : 'examples,coverage,fuzzing,stateful'];
  const args = [
    '-m',
    'schemathesis.cli',
    '--config-file',
    'schemathesis.toml',
    'run',
    `${seed.url}/openapi.json`,
    '--checks',
    'all',
  ];
  return await new Promise<string>((resolve, reject) => {
    const env = { ...process.env, PYTHONPATH: HOOKS, SCHEMATHESIS_OWN_KEYS: keys.map(({ id }) => id).join() };
    const options = { cwd: folder, env, timeout: LONGEST_MS, maxBuffer: OUTPUT_BYTES };
    execFile(python, [...args, ...phases, ...excluded], options, (error, stdout, stderr) =>
      // It ends with 1 where something failed, which its summary tells better.
      SUMMARY.test(stdout)
        ? resolve(stripVTControlCharacters(stdout))
        : reject(new Error(`${stdout}\n${stderr}`, { cause: error })),
    );
  });
}

const SUMMARY = /^=+ SUMMARY =+$/m;

/** Of the summary: the test cases, and what of them failed, errors included. */
function countsIn(output: string): { passed: number; failed: number } {
  const summary = output.slice(output.search(SUMMARY));
  const numberIn = (expression: RegExp) => Number(expression.exec(summary)?.[1]?.replaceAll(',', '') ?? 0);
  return {
    passed: numberIn(/([\d,]+) generated/),
    failed: numberIn(/([\d,]+) unique failures?/) + numberIn(/, ([\d,]+) errors?/),
  };
}

/** With a key that is revoked nothing would be looked at any more: that is a failure of the run itself. */
async function lostKeys({ url }: ConformanceSeed, keys: readonly AccountKey[]): Promise<string[]> {
  const answers = keys.map(async ({ name, secret }) => {
    const headers = { authorization: `Bearer ${secret}` };
    const { status } = await fetch(`${url}/api/v1/whoami`, { headers });
    return status === 200 ? [] : [`the key of the ${name} does not work any more: ${status}`];
  });
  return (await Promise.all(answers)).flat();
}
