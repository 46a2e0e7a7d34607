// npm run conformance: others' suites, linters and clients against a Seed of its own. See docs/contributing.md.
import { parseArgs } from 'node:util';
import { exitOnFailure } from '../src/lib/process-life.ts';
import { SeedError } from '../src/protocol/errors.ts';
import type { ConformancePart } from './conformance/part.ts';
import { PARTS } from './conformance/parts.ts';
import { type PartResult, runPart } from './conformance/run-parts.ts';
import { startConformanceSeed } from './conformance/seed.ts';

const HELP = `Holds others' suites, linters and clients against a Seed that it starts and removes.

  npm run conformance              all parts
  npm run conformance -- lint      one, or several
  npm run conformance -- --quick   what npm test runs of them
  npm run conformance -- --list    which there are

Exits with 1 when something fails. What a part needs and is not here is told, and the part is skipped.
`;

await exitOnFailure(async () => {
  const { list, help, quick, parts } = readArguments();
  if (help) process.stdout.write(HELP);
  else if (list) for (const { name, what } of PARTS) process.stdout.write(`${name.padEnd(16)}${what}\n`);
  else process.exitCode = await run(parts, quick);
});

async function run(parts: readonly ConformancePart[], quick: boolean): Promise<number> {
  const seed = await startConformanceSeed();
  const results: PartResult[] = [];
  try {
    for (const part of parts) {
      process.stdout.write(`${part.name}: ${part.what}\n`);
      const started = performance.now();
      const result = await runPart(part, seed, { quick });
      results.push(result);
      for (const note of result.notes) process.stdout.write(`  ${note}\n`);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const outcome =
        result.skipped === null
          ? `${result.passed} passed, ${result.failed} failed (${seconds} s)`
          : `skipped: ${result.skipped}`;
      process.stdout.write(`  ${outcome}\n`);
    }
  } finally {
    await seed.stop();
  }
  const sum = (count: (result: PartResult) => number) => results.reduce((all, result) => all + count(result), 0);
  const failed = sum((result) => result.failed);
  const skipped = sum((result) => (result.skipped === null ? 0 : 1));
  process.stdout.write(`${sum((result) => result.passed)} passed, ${failed} failed, ${skipped} skipped\n`);
  return failed > 0 ? 1 : 0;
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const unknown = positionals.find((name) => !PARTS.some((part) => part.name === name));
    if (unknown !== undefined) throw new SeedError('usage', `there is no part "${unknown}"`);
    const parts = PARTS.filter(
      ({ name, isTest }) => (positionals.length === 0 || positionals.includes(name)) && !(values.quick && isTest),
    );
    return { ...values, parts };
  } catch (error) {
    const message = (error as Error).message;
    throw new SeedError('usage', message, { hint: 'npm run conformance -- --list shows the parts.' });
  }
}
