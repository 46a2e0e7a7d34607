// seed upgrade --check: which Seed is installed, which there is, what changed between, and whether all holds. Used
// by local-commands.ts.
import { isRecord, parseJson } from '../lib/json.ts';
import { adopterFolder, isInRepository, SEED_ROOT } from '../lib/own-files.ts';
import { SeedError } from '../protocol/errors.ts';
import { readAdopterSettings } from './adopter-settings.ts';
import { fs } from './builtin.ts';
import { compareVersions, type UpgradeNotes, upgradeNotes } from './change-log.ts';
import { loadModule } from './folders.ts';
import { EXIT, type Io, usageError } from './io.ts';
import { type LocalCommand, tellDone } from './local-command.ts';
import { npm } from './npm.ts';
import { DEPENDENCY, dependenciesOf, ownPackage, readList } from './own-package.ts';
import { checkPacks, linesOf } from './packs-develop.ts';
import { sanitise } from './terminal.ts';

export const upgrade: LocalCommand = {
  name: 'upgrade',
  summary: 'Say which version is installed and which there is, what changed, and whether packs and settings hold',
  usage: 'seed upgrade --check',
  flags: [{ name: '--check', summary: 'Change nothing: npm install changes the version' }],
  examples: ['seed upgrade --check', 'seed upgrade --check --json'],
  async run(io, flags, values) {
    if (values['check'] !== true)
      throw usageError(
        'seed upgrade changes nothing by itself',
        `npm install ${DEPENDENCY}@<version> upgrades; ${upgrade.usage} says what that means.`,
      );
    if (isInRepository())
      throw new SeedError('not_found', 'the repository itself has no version to upgrade to', {
        hint: 'git pull brings the newest; CHANGELOG.md says what it asks for.',
      });
    const report = await look(io);
    tellDone(io, flags, { json: report, text: sanitise(textOf(report).join('\n')) });
    return report.todo ? EXIT.error : EXIT.ok;
  },
};

interface Report {
  installed: string;
  /** What the folder's package.json says that it was made with, or last brought up to; null: nothing. */
  madeWith: string | null;
  /** What package.json asks for; null: it does not. */
  asked: string | null;
  /** Why the installed one is not what is asked for; null: it is. */
  unfit: string | null;
  newest: { version: string | null; why: string | null };
  notes: UpgradeNotes[];
  packs: string[];
  problems: { message: string; hint: string | null }[];
  todo: boolean;
}

async function look(io: Io): Promise<Report> {
  readAdopterSettings();
  const { version: installed } = ownPackage();
  const list = readList(new URL('package.json', adopterFolder()));
  const own = list?.['seed'];
  const madeWith = isRecord(own) && typeof own['madeWith'] === 'string' ? own['madeWith'] : null;
  const asked = dependenciesOf(list)[DEPENDENCY] ?? null;
  const folder = adopterFolder().pathname;
  const unfit = asked === null ? 'package.json does not name it' : await unfitness(folder);
  const newest = await newestOf(asked, folder);
  const changeLog = fs.readFileSync(new URL('CHANGELOG.md', SEED_ROOT), 'utf8');
  const notes = madeWith === null ? [] : upgradeNotes(changeLog, madeWith, installed);
  const { packs, problems } = await checkPacks(io);
  const { problemOfSettings } = await loadModule<typeof import('../server/check-settings.ts')>(
    'src/server/check-settings.ts',
  );
  const ofSettings = problemOfSettings();
  const all = [...problems, ...(ofSettings ? [ofSettings] : [])];
  const isOld = newest.version !== null && compareVersions(newest.version, installed) > 0;
  const todo = all.length > 0 || unfit !== null || isOld || notes.length > 0;
  return { installed, madeWith, asked, unfit, newest, notes, packs, problems: all, todo };
}

/** What npm says of the installed one. */
async function unfitness(folder: string): Promise<string | null> {
  const { stdout } = await npm(['ls', DEPENDENCY, '--json', '--depth=0'], folder);
  const tree = parseJson(stdout);
  const all = isRecord(tree) && isRecord(tree['dependencies']) ? tree['dependencies'] : {};
  const own = all[DEPENDENCY];
  if (!isRecord(own)) return `node_modules has none under the name ${DEPENDENCY}`;
  if (own['missing'] === true) return 'it is not installed';
  const { invalid } = own;
  return invalid === undefined || invalid === false ? null : 'another is installed than package.json asks for';
}

const REGISTRY_MS = 10_000;

/** Only where package.json takes it from a registry: elsewhere the name may be somebody else's there. */
async function newestOf(asked: string | null, folder: string): Promise<Report['newest']> {
  if (asked === null || (/^(?:[a-z+]+:|[./~]|[\w-]+\/)/i.test(asked) && !asked.startsWith('npm:')))
    return {
      version: null,
      why: `package.json takes it from ${asked ?? 'nowhere'}, so that no registry is asked`,
    };
  const name = /^npm:(@?[^@]+)/.exec(asked)?.[1] ?? ownPackage().name;
  const limits = ['--fetch-retries=0', `--fetch-timeout=${REGISTRY_MS}`];
  const { code, stdout, stderr } = await npm(
    ['view', name, 'version', '--json', '--loglevel=error', ...limits],
    folder,
  );
  const answer = parseJson(stdout);
  if (code === 0 && typeof answer === 'string') return { version: answer, why: null };
  const said = isRecord(answer) && isRecord(answer['error']) ? answer['error'] : {};
  const reason = String(said['summary'] || said['code'] || stderr.trim() || 'no answer').split('\n')[0];
  return { version: null, why: `npm does not reach its registry, or that does not know ${name}: ${reason}` };
}

function textOf({ installed, madeWith, asked, unfit, newest, notes, packs, problems }: Report): string[] {
  const isOld = newest.version !== null && compareVersions(newest.version, installed) > 0;
  return [
    `Installed:   ${installed}${madeWith === null ? '' : madeWith === installed ? ', which this folder was made with' : `; this folder was made with ${madeWith}`}`,
    `Asked for:   ${asked ?? 'nothing'}${unfit === null ? '' : ` (${unfit}: npm install)`}`,
    `Newest:      ${newest.version ?? `not known: ${newest.why}`}${isOld ? `: npm install ${DEPENDENCY}@${newest.version}` : ''}`,
    ...notes.flatMap(({ version, text }) => ['', `To do for ${version}:`, text]),
    ...(notes.length > 0 ? ['', `When that is done: npm pkg set seed.madeWith=${installed}`] : []),
    '',
    ...(problems.length > 0 ? linesOf(problems) : [`Packs (${packs.join(', ') || 'none'}) and settings hold.`]),
  ];
}
