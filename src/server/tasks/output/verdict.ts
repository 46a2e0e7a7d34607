// What is to be said of a schema and of an answer, once a worker has judged it. Called by accept.ts,
// give-output.ts and settle.ts.
import { SeedError } from '../../../protocol/errors.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import type { AnswerSchema, OutputVerdict } from '../../../protocol/output.ts';
import type { OutputChecks } from './checks.ts';

/** @throws SeedError unavailable: it could not be checked now */
export async function verdictOn(
  checks: OutputChecks,
  { accountId, schema, text }: { accountId: string; schema: AnswerSchema; text: string },
): Promise<OutputVerdict> {
  const answer = await checks.check(accountId, { schema: JSON.stringify(schema), value: text });
  if (answer.kind === 'verdict') {
    const { problem, doubt } = answer.verdict;
    return { problem: shortened(problem), doubt: shortened(doubt) };
  }
  return { problem: shortened(answer.why), doubt: null };
}

function shortened(said: string | null): string | null {
  if (said === null || said.length <= LIMITS.outputProblemLength) return said;
  return `${said.slice(0, LIMITS.outputProblemLength - 1).toWellFormed()}…`;
}

/** @throws SeedError invalid_schema */
export async function refuseSchema(checks: OutputChecks, accountId: string, schema: AnswerSchema): Promise<void> {
  const text = JSON.stringify(schema);
  const bytes = Buffer.byteLength(text);
  if (bytes > LIMITS.outputSchemaBytes)
    throw notTaken(`it is ${bytes} bytes of JSON, and may be ${LIMITS.outputSchemaBytes}`);
  const answer = await checks.check(accountId, { schema: text, value: null });
  if (answer.kind !== 'verdict') throw notTaken(answer.why);
}

function notTaken(why: string): SeedError {
  return new SeedError('invalid_schema', `output.schema is no schema that Seed takes: ${why}`.slice(0, 1_000), {
    hint: 'docs/tasks.md, "An answer as a value", says what a schema may be.',
  });
}
