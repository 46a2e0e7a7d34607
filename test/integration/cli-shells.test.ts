// The CLI in real shells: its words completed, its pages in $PAGER, and an output that cannot be written.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cli, repositoryCli } from '../fixtures/cli-process.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const SEED = new URL('../../bin/', import.meta.url).pathname;
const run = promisify(execFile);

let server: TestServer;
let cli: Cli;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  server = await startTestServer();
  cli = await repositoryCli({});
  env = {
    PATH: `${SEED}${delimiter}${process.env['PATH']}`,
    HOME: cli.home,
    SEED_API_URL: server.url,
    SEED_API_KEY: server.adminKey,
  };
});
afterAll(async () => {
  await cli.remove();
  await server.stop();
});

const isHere = (program: string) =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));

it('bash completes a command, a flag and the words of a flag', async () => {
  const ask = (...words: string[]) => `
    COMP_WORDS=(seed ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _seed
    echo "\${COMPREPLY[*]}"`;
  const script = `source <(seed completion bash)
    ${ask('audit', 'l')}
    ${ask('keys', 'list', '--stat')}
    ${ask('keys', 'list', '--status', 'exp')}
    complete -p seed`;
  const { stdout } = await run('bash', ['-eu', '-c', script], { env });
  expect(stdout.split('\n').slice(0, 3)).toEqual(['list', '--status', 'expired']);
  expect(stdout).toContain('complete -o default -F _seed seed');
});

it.each([
  ['zsh', ['-c', 'autoload -Uz compinit && compinit -D && source <(seed completion zsh) && whence -w _seed']],
  ['fish', ['-c', 'seed completion fish | source; complete -C "seed audit l"']],
] as const)('%s takes what is made for it', async (shell, args) => {
  const { stdout } = await run(`${SEED}seed`, ['completion', shell], { env });
  expect(stdout).toContain('seed completion words ');
  if (!isHere(shell)) return;
  expect((await run(shell, [...args], { env })).stdout).toMatch(/_seed: function|list/);
});

it('what is longer than the terminal goes through $PAGER', async () => {
  const paged = (pager: string) =>
    run('script', ['-qec', 'stty rows 10 cols 200; seed --help', '/dev/null'], { env: { ...env, PAGER: pager } });
  expect((await paged("sed 's/^/paged /'")).stdout).toContain('paged Seed hands work');
  expect((await paged('no-such-pager')).stdout).toMatch(/^Seed hands work/m);
  const piped = await run('sh', ['-c', 'seed --help | head -1'], { env: { ...env, PAGER: 'false' } });
  expect(piped.stdout).toMatch(/^Seed hands work/);
});

it.each(['seed --help', 'seed keys list --json', 'seed whoami'])(
  '%s into a full disk ends with an error in a line',
  async (line) => {
    const failed = await run('sh', ['-c', `${line} >/dev/full`], { env }).catch(
      (error: { code: number; stderr: string }) => error,
    );
    expect(failed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^seed: the output cannot be written: ENOSPC[^\n]*\n$/),
    });
  },
);

it('arguments that are no UTF-8 end in an answer, not in a stack', async () => {
  const failed = await run('bash', ['-c', String.raw`seed keys get $'\xff\xfe'`], { env }).catch((error) => error);
  expect(failed.code).toBeGreaterThan(0);
  expect(failed.stderr).toMatch(/^seed: /);
  expect(failed.stderr).not.toMatch(/\n\s+at /);
});

it('an instruction comes from a file, from standard input, or begins with a dash', async () => {
  const script = `
    printf -- '- from a file\\n' > "$HOME/task.md"
    seed tasks run @"$HOME/task.md" --detach --json
    echo 'from a pipe' | seed tasks run - --detach --json
    seed tasks run '- from a dash' --detach --json
    seed tasks run '@@alice is asked' --detach --json`;
  const { stdout } = await run('sh', ['-euc', script], { env });
  const given = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).task.instruction);
  expect(given).toEqual(['- from a file\n', 'from a pipe\n', '- from a dash', '@alice is asked']);
});
