// "Check the health of all our deployment environments. If any are failing health checks, gather the last … log
// lines and create an incident report.": the playbook of the model `scripted`.
import { type Playbook, parseOutput, plain, readPages, reasonOf, type Steps, shellWord, z } from 'seed/pack';

const Environment = z.object({ id: z.string().regex(/^[\w.-]+$/) });
const HealthAnswer = z.object({
  health: z.object({
    status: z.enum(['healthy', 'failing', 'unknown']),
    checks: z.array(z.object({ name: z.string(), status: z.string(), message: z.string() })),
  }),
});
type Health = z.infer<typeof HealthAnswer>['health'];
const Log = z.object({
  items: z.array(z.object({ at: z.string(), level: z.string(), message: z.string() })),
});
const Created = z.object({ incident: z.object({ id: z.string() }) });

function linesWanted(instruction: string): number | null {
  const health = /\bcheck the health\b[^.]*\benvironments?\b/i.test(instruction);
  const [, lines] = /\blast (\d{1,3}) log lines\b/i.exec(instruction) ?? [];
  const report = /\bcreate an? incident report\b/i.test(instruction);
  const refused = /\b(?:not|never|without|n['’]t)\b[^.!?]{0,30}\b(?:create|report)/i.test(instruction);
  return health && lines !== undefined && report && !refused ? Math.min(200, Number(lines)) : null;
}

function* play(instruction: string): Steps<string> {
  const lines = linesWanted(instruction);
  if (lines === null) return 'This is no instruction about incidents.';
  const environments = yield* readPages('seed environments list', Environment);
  if ('trouble' in environments) return `Could not list the environments: ${environments.trouble}.`;
  const sentences: string[] = [];
  const seen: Record<Health['status'], string[]> = { healthy: [], failing: [], unknown: [] };
  for (const { id } of environments.items) {
    const result = yield `seed health check ${id} --json`;
    const health = result.failed ? null : parseOutput(HealthAnswer, result)?.health;
    if (!health) {
      sentences.push(`Could not check ${id}: ${reasonOf(result)}.`);
      continue;
    }
    seen[health.status].push(id);
    if (health.status === 'failing') sentences.push(yield* report(id, health, lines));
  }
  const overview = [
    `Checked ${environments.items.length} environments: ${seen.healthy.length} healthy, ${seen.failing.length} failing.`,
    ...(seen.unknown.length > 0 ? [`Not known to work: ${seen.unknown.join(', ')}.`] : []),
  ];
  return [...overview, ...sentences, ...(seen.failing.length === 0 ? ['No incident was created.'] : [])].join(' ');
}

function* report(id: string, health: Health, lines: number): Steps<string> {
  const failing = health.checks.filter(({ status }) => status === 'failing');
  const what = failing.map(({ name, message }) => `${plain(name)}: ${plain(message)}`).join('; ');
  // Kept in a file as well: the incident gets the log as it came, not as somebody retold it.
  const read = yield `seed logs tail ${id} --lines ${lines} --json | tee ${id}.json`;
  const log = read.failed ? null : (parseOutput(Log, read)?.items ?? null);
  const errors = log?.filter(({ level }) => level === 'error') ?? [];
  const last = errors.at(-1);
  const found =
    log === null
      ? `The log could not be read: ${reasonOf(read)}.`
      : `${errors.length} of its last ${log.length} log lines are errors${last ? `, the last at ${last.at}: ${plain(last.message)}` : ''}.`;
  const names = failing.map(({ name }) => plain(name)).join(', ');
  const flags = [
    `--title ${shellWord(`${id}: ${names} failing`)}`,
    `--severity ${/^prod/.test(id) ? 'critical' : 'high'}`,
    `--summary ${shellWord(`Failing checks: ${what}. ${found}`)}`,
  ].join(' ');
  const excerpt = `jq -r '.items[] | "\\(.at) \\(.level) \\(.message)"' ${id}.json`;
  const create = `seed incidents create ${id} ${flags} --json`;
  const result = yield log === null ? create : `${excerpt} | ${create} --log-excerpt -`;
  const created = result.failed ? null : parseOutput(Created, result);
  if (created) return `${id}: ${what}. ${found} Created incident ${created.incident.id}.`;
  return `${id}: ${what}. No incident was created: ${reasonOf(result)}.`;
}

export const incidentReport: Playbook = {
  name: 'incident-report',
  example:
    'Check the health of all our deployment environments. If any are failing health checks, gather the last 50 log lines and create an incident report.',
  recognises: (instruction) => linesWanted(instruction) !== null,
  play,
};
