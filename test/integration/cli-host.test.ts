// `seed` in a sandbox is a small client of a process that holds the CLI: it behaves as the CLI does when Node starts
// it, and whatever happens to one call happens to no other.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toManifest } from '../../src/command/manifest.ts';
import { BUILT_IN } from '../../src/server/built-in.ts';
import { bundleCli, renderCli } from '../../src/server/http/cli-bundle.ts';
import { type HostedCli, hostedCli } from '../fixtures/cli-host.ts';
import { until } from '../fixtures/seed.ts';

const hasPerl = existsSync('/usr/bin/perl');
if (!hasPerl)
  console.warn('SKIPPED: the client is written in Perl, which the sandbox has and this machine has not');

describe.skipIf(!hasPerl)('a hosted CLI', () => {
  let cli: HostedCli;
  beforeAll(async () => {
    cli = await hostedCli();
    await writeFile(join(cli.dir, 'random'), randomBytes(400_000), { mode: 0o644 });
  });
  afterAll(() => cli.remove());

  const pid = async (): Promise<number> => Number((await cli.bash('seed pid')).stdout);

  test('one process runs call after call', async () => {
    const { stdout } = await cli.bash('for i in 1 2 3 4 5; do seed pid; done | sort -u');
    expect(stdout).toMatch(/^\d+\n$/);
  });

  const SAME = {
    'arguments of every kind': `seed tell a 'b  c' '' "$(printf 'x\\ny')" ü -- --json`,
    'one megabyte of arguments': `seed sum < /dev/null; a=$(head -c 100000 /dev/zero | tr '\\0' x); seed tell $a $a $a $a $a $a $a $a $a $a | head -c 1000000 | md5sum`,
    'environment, folder and mask': 'mkdir -p deep/er; cd deep/er; umask 027; A= B=b=c TZ=Asia/Tokyo seed tell',
    'a folder of two names': 'mkdir -p real; ln -sfn real other; cd other; seed tell | grep -o cwd.*real',
    'standard input from a pipe, a file and nothing':
      'cat random | seed sum; seed sum < random; seed sum < /dev/null',
    'standard input that is left to others':
      'printf "a\\nb\\nc\\n" | while read line; do echo "$line"; seed exit 0; done',
    'part of standard input': 'yes | seed "first line"',
    'large output': 'seed print 20 | md5sum; seed print 2 > copy; md5sum < copy; cat copy copy > /dev/null',
    'output appended to a file': 'echo before > log; seed exit 0 >> log; echo after >> log; cat log',
    'both streams': 'seed both',
    'what is written past the streams': 'seed "without streams"',
    'output that nobody reads': 'seed print 20 | head -c 10 | wc -c; echo "$' + '{PIPESTATUS[0]}"',
    'an exit code, and work after the end of main': 'seed "exit code" 3',
    'process.exit': 'seed exit 7',
    'what never settles': 'seed unsettled 2> /dev/null',
    'closed streams': 'seed tell a <&- | wc -l; seed tell a >&-; seed throw 2>&-',
    'arguments that name a descriptor': 'seed tell <(echo) | grep -c /dev/fd',
    'options of Node': "NODE_OPTIONS=--stack-trace-limit=1 seed throw 2>&1 | grep -c '  at '",
    'a death by a signal': 'seed kill SIGSEGV; echo $?; seed kill SIGTERM; echo $?; seed kill SIGINT; echo $?',
    'a signal that ends it':
      'seed wait > told & until [ -s told ]; do sleep 0.05; done; kill -TERM $!; wait $!; echo $?',
    'nothing left of a call for the next': 'seed global; echo $?; seed global; echo $?',
  };
  test.concurrent.each(Object.entries(SAME))('%s: as Node alone', async (_what, script) => {
    const folder = async (alone: boolean) => {
      const name = `${alone ? 'alone' : 'hosted'}-${randomBytes(4).toString('hex')}`;
      const ran = await cli.bash(`mkdir ${name} && cp random ${name} && cd ${name}\n${script}`, { alone });
      return JSON.parse(JSON.stringify(ran).replaceAll(name, 'folder'));
    };
    const [hosted, alone] = await Promise.all([folder(false), folder(true)]);
    expect(withoutShell(hosted)).toEqual(withoutShell(alone));
  });

  test('an error says where it was thrown, and the code is 1', async () => {
    for (const how of ['throw', '"throw later"']) {
      const ran = await cli.bash(`seed ${how}`);
      expect(ran).toMatchObject({ code: 1, stdout: '' });
      expect(ran.stderr).toMatch(/Error: thrown (on purpose|later)\n +at /);
    }
  });

  test('what goes into one pipe is there in the order in which it was written', async () => {
    const { stdout } = await cli.bash('seed both 2>&1');
    expect(stdout.trim().split('\n')).toEqual(Array.from({ length: 200 }, (_, line) => `line ${line}`));
  });

  test('output that cannot be written is an error', async () => {
    const ran = await cli.bash('seed print 1 > /dev/full');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/no space left/i);
  });

  test('draws random numbers from the kernel: the process was there before its sandbox was', async () => {
    expect((await cli.bash('seed "random source"')).stdout).toBe('kernel kernel kernel\n');
  });

  test('calls at a time are processes of their own, and more than are kept run all the same', async () => {
    const { stdout } = await cli.bash(
      'for i in $(seq 9); do seed "exit code" $i; done & for i in $(seq 9); do seed pid & done; wait',
    );
    const pids = stdout.split('\n').filter((line) => /^\d+$/.test(line));
    expect(pids).toHaveLength(9);
    expect(new Set(pids).size).toBeGreaterThan(1);
    expect(stdout.match(/later/g)).toHaveLength(9);
  });

  test('what ends one call ends no other', async () => {
    const other = cli.bash('seed sum < <(sleep 2; echo x)');
    const ends = ['exit 7', 'kill SIGKILL', 'kill SIGABRT', 'throw', 'loop & sleep 0.3; kill -9 $!; wait $!'];
    const codes = await Promise.all(
      ends.map(async (end) => (await cli.bash(`ulimit -c 0; seed ${end}; echo "code $?"`)).stdout),
    );
    expect(codes.map((text) => /code (\d+)/.exec(text)?.[1])).toEqual(['7', '137', '134', '1', '137']);
    expect((await other).stdout).toBe('2 bytes, sum 3730\n');
  });

  test('an endless loop ends with its client, by a signal or by its death', async () => {
    const busy = await cli.bash(
      'seed loop > started & until [ -s started ]; do sleep 0.05; done; seed pid; kill -INT $!; wait $!; echo "code $?"; ' +
        'seed loop > again & until [ -s again ]; do sleep 0.05; done; kill -KILL $!; wait $!; echo "code $?"',
    );
    expect(busy.stdout).toMatch(/^\d+\ncode 130\ncode 137\n$/);
    await until('nothing of the host is busy', async () => (await busyProcesses(cli.dir)) === 0);
  });

  test('a handler of Ctrl-C runs', async () => {
    const { stdout } = await cli.bash(
      'seed catch > told & until [ -s told ]; do sleep 0.05; done; kill -INT $!; wait $!; echo "code $?"; cat told',
    );
    expect(stdout).toBe('code 130\nwaiting\ncaught\n');
  });

  test('a terminal: told apart from a pipe, with its width, Ctrl-C and what is typed', async () => {
    const { stdout } = await cli.bash(`python3 - <<'END'
import fcntl, os, pty, struct, termios
def start(*args):
    pid, fd = pty.fork()
    if pid == 0: os.execvp('seed', ['seed', *args])
    return pid, fd
def read_until(fd, text):
    seen = b''
    while text not in seen: seen += os.read(fd, 1000)
    return seen
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 20, 123, 0, 0))
    os.execvp('seed', ['seed', 'tell'])
seen = read_until(fd, b'"env"')
print(b'"terminals":[true,true,true],"columns":123,' in seen)
os.waitpid(pid, 0)
pid, fd = start('wait')
read_until(fd, b'waiting')
os.write(fd, b'\\x03')
print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
pid, fd = start('raw')
read_until(fd, b'raw')
while termios.tcgetattr(fd)[3] & termios.ECHO: pass
os.write(fd, b'\\x03')
print(b'"\\\\u0003"' in read_until(fd, b'u0003"'))
print(os.WEXITSTATUS(os.waitpid(pid, 0)[1]))
END`);
    expect(stdout.split('\n')).toEqual(['True', '2', 'True', '0', '']);
  });

  test('whoever kills or stops the process only makes the next call wait', async () => {
    const first = await pid();
    expect((await cli.bash(`kill -9 ${first}; seed pid`)).stdout).toMatch(/^\d+\n$/);
    const second = await pid();
    expect(second).not.toBe(first);
    // Stopped, it cannot begin: after a while the call is run by Node.
    const stopped = await cli.bash(`kill -STOP ${second}; seed pid; seed pid`);
    expect(stopped.code).toBe(0);
    expect(stopped.stdout).toMatch(/^\d+\n\d+\n$/);
    expect(stopped.stdout).not.toContain(String(second));
  }, 30_000);

  test('what is written to the socket by others harms nobody', async () => {
    const ran = await cli.bash(`python3 - <<'END'
import os, socket, struct
def send(*parts):
    line = socket.socket(socket.AF_UNIX)
    line.connect('cli/socket')
    try:
        for part in parts: line.sendall(part)
    except OSError: pass
    return line
send(b'A' + struct.pack('>I', 0xffffffff))
send(b'I' + struct.pack('>I', 1) + b'x')
send(b'L' + struct.pack('>I', 4) + b'/etc')
send(b'K' + struct.pack('>I', 1) + bytes([9]))
send(b'A' + struct.pack('>I', 3) + b'abc')
send(os.urandom(100000))
held = [send() for _ in range(80)]
END
seed exit 5`);
    expect(ran.code).toBe(5);
    expect((await cli.bash('seed exit 6')).code).toBe(6);
  });

  test('nobody but the agent reaches the socket, and the process has no more rights than its user', async () => {
    const status = await readFile(`/proc/${await pid()}/status`, 'utf8');
    const user = process.getuid?.() === 0 ? 1000 : process.getuid?.();
    expect(status).toContain(`Uid:\t${user}\t${user}\t${user}\t${user}`);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect((await cli.bash('stat -c %a:%u cli/socket')).stdout).toBe(`600:${user}\n`);
  });

  test('the CLI that a server hands out answers each call anew, over one connection', async () => {
    let connections = 0;
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end('{"items":[],"nextCursor":null}');
    });
    server.on('connection', () => {
      connections += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await cli.install(Buffer.from(renderCli(await bundleCli(), toManifest(BUILT_IN, 'test'))));
    const { port } = server.address() as AddressInfo;
    const { stdout } = await cli.bash(
      `export SEED_API_URL=http://127.0.0.1:${port}
for i in 1 2 3 4 5; do seed keys list --json; done; seed keys list 2>&1; seed nothing 2> /dev/null; echo $?; seed --version`,
    );
    server.close();
    expect(stdout).toBe(`${'{"items":[],"nextCursor":null}\n'.repeat(5)}No keys.\n2\ntest\n`);
    expect(connections).toBe(1);
  });

  test('a CLI that does not know of hosts is run by Node', async () => {
    await cli.install(Buffer.from('console.log("plain", process.argv[2]);'));
    expect(await cli.bash('seed it; head -c 2 "$(command -v seed)"')).toMatchObject({
      code: 0,
      stdout: 'plain it\n#!',
    });
  });
});

/** A shell tells of a death by a signal with the process's number. */
const withoutShell = (ran: { stderr: string }) => ({
  ...ran,
  stderr: ran.stderr.replaceAll(/^.*line \d+: +\d+ /gm, '').replaceAll(/ +seed .*$| +node .*$/gm, ''),
});

/** Processes of the folder's program that used processor time just now. */
async function busyProcesses(dir: string): Promise<number> {
  const { processesNaming } = await import('../fixtures/seed.ts');
  const ticks = async () =>
    Promise.all(
      (await processesNaming(join(dir, 'cli/program.mjs'))).map(async ({ pid }) =>
        (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).split(' ').slice(13, 15).join(),
      ),
    );
  const before = await ticks();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const after = await ticks();
  return after.filter((used, index) => used !== before[index]).length;
}
