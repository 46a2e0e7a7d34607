// "Process the batch of patient intake forms uploaded today. Validate required fields, flag incomplete records,
// and generate a compliance summary.": the playbook of the model `scripted`.
import { type Playbook, parseOutput, readPages, reasonOf, type Steps, shellWord, z } from 'seed/pack';

const Batch = z.object({ id: z.string(), records: z.number() });
const Finding = z.object({
  recordId: z.uuid(),
  position: z.number(),
  complete: z.boolean(),
  problems: z.array(z.string().regex(/^[\w:]+$/)),
});
type Finding = z.infer<typeof Finding>;
const Summarised = z.object({
  summary: z.object({
    id: z.string(),
    complete: z.number(),
    incomplete: z.number(),
    unflagged: z.number(),
    problems: z.record(z.string(), z.number()),
  }),
});

function recognises(instruction: string): boolean {
  const forms = /\bintake forms uploaded today\b/i.test(instruction);
  const flag = /\bflag incomplete records\b/i.test(instruction);
  const summary = /\bcompliance summary\b/i.test(instruction);
  const refused = /\b(?:not|never|without|n['’]t)\b[^.!?]{0,30}\b(?:flag|generate|process)/i.test(instruction);
  return forms && flag && summary && !refused;
}

function* play(): Steps<string> {
  const batches = yield* readPages('seed uploads list --uploaded-today', Batch);
  if ('trouble' in batches) return `Could not list the batches: ${batches.trouble}.`;
  if (batches.items.length === 0) return 'No batch was uploaded today. Nothing was processed.';
  const sentences: string[] = [];
  for (const batch of batches.items) sentences.push(yield* processBatch(batch.id));
  return sentences.join('\n');
}

function* processBatch(batchId: string): Steps<string> {
  const findings = yield* readPages(`seed records validate ${shellWord(batchId)}`, Finding);
  if ('trouble' in findings) return `${batchId}: could not be validated: ${findings.trouble}.`;
  const incomplete = findings.items.filter(({ complete }) => !complete);
  const failures: string[] = [];
  for (const finding of incomplete) {
    const result = yield flagCommand(finding);
    if (result.failed) failures.push(`form ${finding.position} could not be flagged: ${reasonOf(result)}`);
  }
  const result = yield `seed compliance summarise ${shellWord(batchId)} --json`;
  const summary = result.failed ? null : parseOutput(Summarised, result)?.summary;
  const flagged = incomplete.length - failures.length;
  const sentences = [
    `${batchId}: ${findings.items.length} forms validated, ${incomplete.length} incomplete, ${flagged} flagged.`,
    ...(incomplete.length > 0 ? [`Incomplete: ${incomplete.map(describe).join(', ')}.`] : []),
    ...failures.map((failure) => `Failed: ${failure}.`),
    summary
      ? `Compliance summary ${summary.id}: ${summary.complete} complete, ${summary.incomplete} incomplete, ${summary.unflagged} of them not flagged.`
      : `No compliance summary was generated: ${reasonOf(result)}.`,
  ];
  return sentences.join(' ');
}

const flagCommand = ({ recordId, problems }: Finding) =>
  `seed records flag ${recordId} --flags ${problems.join(',')} --json`;

/** By its position: a patient's name has no place in an answer. */
const describe = ({ position, problems }: Finding) => `form ${position} (${problems.join(', ')})`;

export const intake: Playbook = {
  name: 'intake',
  example:
    'Process the batch of patient intake forms uploaded today. Validate required fields, flag incomplete records, and generate a compliance summary.',
  recognises,
  play,
};
