// Stacks begin with the part that ran them, a guest's code is not taken for gVisor's, and the drawing adds up.
import { expect, test } from 'vitest';
import { foldStacks } from './stacks.ts';
import { flameGraph } from './svg.ts';

const SCRIPT = `
exe 10
	    4f (*Boot).Execute (/opt/runsc)
	    50 runtime.goexit.abi0 (/opt/runsc)

exe 10
	    51 load (/opt/runsc)
	    50 runtime.goexit.abi0 (/opt/runsc)

exe 10
	ffff01 shmem_fault ([kernel.kallsyms])
	    60 named.by.chance (/opt/runsc)

MainThread 7
	    70 JS:~lease file:///repo/src/a.ts:1:2 ([JIT] tid 7)

node 8
	    71 not.looked.at (/usr/bin/node)

postgres: io 9
	    72 heap_insert (/usr/bin/postgres)
`;

async function* lines() {
  yield* SCRIPT.split('\n');
}

test('each sample goes to the part that ran it', async () => {
  const stacks = await foldStacks(lines(), { roles: { 7: 'runner', 8: null }, root: '/repo/' });
  expect(Object.fromEntries(stacks)).toEqual({
    "gVisor's kernel;runtime.goexit.abi0;(*Boot).Execute": 1,
    "gVisor's kernel;runtime.goexit.abi0;load": 1,
    "programs in the sandbox;the guest's code;shmem_fault": 1,
    'runner;JS:~lease src/a.ts': 1,
    'database;heap_insert': 1,
  });
  const svg = flameGraph(stacks, { title: 'a < b', seconds: (samples) => samples / 10 });
  expect(svg).toContain('a &lt; b: 0.50 s of a processor');
  expect(svg).toContain("<title>gVisor's kernel: 200.0 ms, 40.0 %</title>");
});
