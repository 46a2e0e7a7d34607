// Whether the intake forms uploaded today were flagged and summarised, by the pack's own rules.
import { duplicates, problemsOf } from '../../../examples/packs/healthcare/rules.ts';
import { must } from '../checks.ts';
import { changesOf } from '../tables.ts';
import type { Evidence, Problems } from '../task.ts';

/** Of the samples: today at their clinics, whatever the time is here. */
const TODAY = ['intake-riverside-2', 'intake-harbor-1'];

export function checkIntake(evidence: Evidence): Problems {
  const changes = changesOf(evidence);
  const flagged = (changes['healthcare.records']?.added ?? []).filter(
    (record) => Array.isArray(record['flags']) && record['flags'].length > 0,
  );
  const { added: summaries = [] } = changes['healthcare.compliance_summaries'] ?? {};
  const expected = TODAY.flatMap((batch) => incompleteOf(evidence, batch));
  const found = flagged.map(({ id }) => String(id));
  const missing = expected.filter((id) => !found.includes(id));
  const wrong = found.filter((id) => !expected.includes(id));
  return [
    ...must(missing.length === 0, `${missing.length} of ${expected.length} incomplete records are not flagged`),
    ...must(wrong.length === 0, `${wrong.length} records are flagged that are complete, or not of today`),
    ...TODAY.flatMap((batch) =>
      must(
        summaries.some(({ batch_id }) => batch_id === batch),
        `there is no compliance summary of ${batch}`,
      ),
    ),
  ];
}

function incompleteOf({ before }: Evidence, batchId: string): string[] {
  const batch = (before['healthcare.batches'] ?? []).find(({ id }) => id === batchId);
  const uploadedOn = new Date(String(batch?.['uploaded_at'])).toLocaleDateString('sv-SE', {
    timeZone: String(batch?.['time_zone']),
  });
  const records = (before['healthcare.records'] ?? []).flatMap(({ id, batch_id, position, form }) =>
    batch_id === batchId
      ? [{ id: String(id), position: Number(position), form: form as Record<string, unknown> }]
      : [],
  );
  const twice = duplicates(records);
  return records
    .filter(({ form, position }) => problemsOf(form, uploadedOn).length > 0 || twice.has(position))
    .map(({ id }) => id);
}
