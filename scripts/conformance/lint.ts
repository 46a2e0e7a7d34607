// Part `lint`: Redocly's linter on /openapi.json, of Seed's own commands and of those of the example packs.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConformancePart } from './part.ts';

const CONFIG = fileURLToPath(new URL('redocly.yaml', import.meta.url));
const NOTES_SHOWN = 30;

interface Finding {
  ruleId: string;
  message: string;
  location: { pointer?: string }[];
}

export const lint: ConformancePart = {
  name: 'lint',
  what: 'Redocly on /openapi.json: no error and no warning',
  why: () => null,
  async run({ url }) {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, object>>;
    };
    const findings = await lintDocument(document);
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    const notes = findings
      .slice(0, NOTES_SHOWN)
      .map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer ?? ''}`);
    return { passed: findings.length === 0 ? operations.length : 0, failed: findings.length, notes };
  },
};

/** What the linter has to say, warnings included. @throws Error when it cannot be run */
async function lintDocument(document: object): Promise<Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), 'seed-lint-'));
  try {
    const file = join(folder, 'openapi.json');
    await writeFile(file, JSON.stringify(document));
    const args = ['lint', file, '--config', CONFIG, '--format', 'json', '--max-problems', '1000'];
    const output = await new Promise<string>((resolve, reject) => {
      const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
      // It ends with 1 where it finds something, which its output tells better.
      execFile('redocly', args, { env, maxBuffer: 64 * 2 ** 20 }, (error, stdout, stderr) =>
        stdout.startsWith('{') ? resolve(stdout) : reject(error ?? new Error(stderr)),
      );
    });
    return (JSON.parse(output) as { problems: Finding[] }).problems;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
