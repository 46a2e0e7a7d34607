// node scripts/flame.ts [start|task]: where the processor time of a start, and of a task of two calls, goes, as
// docs/flame-start.svg and docs/flame-task.svg. It needs `perf`, root, and a gVisor with its symbols in SEED_RUNSC
// (docs/sandboxes.md). Starts itself once more below perf, which sees only what descends from that.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { runScene, SCENES, type Scene } from './flame/scenes.ts';
import { foldStacks, type Roles } from './flame/stacks.ts';
import { flameGraph } from './flame/svg.ts';
import { run } from './lib/run.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SAMPLES_A_SECOND = 1999;

const TITLES: Record<Scene, string> = {
  start: 'A start: from the snapshot until the guest answers, and its end',
  task: 'A task of two calls, with a sandbox that waited and the start of the next',
};

const [wanted, folder] = process.argv.slice(2);
if (folder === undefined) {
  for (const scene of SCENES) if (wanted === undefined || wanted === scene) await draw(scene);
} else {
  await runScene(wanted as Scene, folder);
}

async function draw(scene: Scene): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'seed-flame-'));
  try {
    const recording = join(folder, 'perf');
    await run('mkfifo', [join(folder, 'control')]);
    const node = ['--perf-basic-prof', '--interpreted-frames-native-stack'];
    await run('env', [
      `NODE_OPTIONS=${node.join(' ')}`,
      ...['perf', 'record', '--quiet', '--event=cpu-clock', `--freq=${SAMPLES_A_SECOND}`, '--call-graph=fp'],
      ...['--delay=-1', `--control=fifo:${join(folder, 'control')}`, `--output=${recording}`, '--'],
      ...[process.execPath, fileURLToPath(import.meta.url), scene, folder],
    ]);
    const { runs, roles } = JSON.parse(await readFile(join(folder, 'scene.json'), 'utf8')) as Ran;
    const script = spawn('perf', ['script', `--input=${recording}`, '--fields=comm,pid,ip,sym,dso'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const stacks = await foldStacks(createInterface({ input: script.stdout }), { roles, root: ROOT });
    const seconds = (samples: number) => samples / SAMPLES_A_SECOND / runs;
    const path = join(ROOT, `docs/flame-${scene}.svg`);
    await writeFile(path, flameGraph(stacks, { title: TITLES[scene], seconds }));
    process.stdout.write(`${path}\n`);
  } finally {
    await rm(folder, { recursive: true, force: true });
    // Of every Node that ran below perf.
    const maps = (await readdir('/tmp')).filter((name) => /^perf-\d+\.map$/.test(name));
    for (const name of maps) await rm(join('/tmp', name), { force: true });
  }
}

interface Ran {
  runs: number;
  roles: Roles;
}
