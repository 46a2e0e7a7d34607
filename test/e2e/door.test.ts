// What an agent can reach from inside its sandbox: its scopes' commands, and nothing else.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bash, startSeed, type TestSeed } from '../fixtures/seed.ts';

let seed: TestSeed;
beforeAll(async () => {
  seed = await startSeed();
});
afterAll(() => seed?.remove());

const inside = async (script: string, scopes = ['keys:read']) => {
  const task = await seed.runTask({ instruction: bash(script), scopes });
  expect(task.status).toBe('completed');
  return task.stdout ?? '';
};

describe('inside a sandbox', () => {
  it('has no network interface but loopback', async () => {
    const interfaces = await inside("tail -n +3 /proc/net/dev | sed 's/:.*//' | tr -d ' '");
    expect(interfaces.trim()).toBe('lo');
  });

  it('reaches no name server, no address and no port but its own', async () => {
    const host = new URL(seed.url).port;
    const output = await inside(
      [
        'getent hosts example.com && echo RESOLVED',
        // TEST-NET-1 (RFC 5737) and the host's own ports: nothing may answer.
        `for target in 192.0.2.1/80 169.254.169.254/80 127.0.0.1/${host} 127.0.0.1/22 127.0.0.1/5432; do`,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
        '  timeout 2 bash -c "exec 3<>/dev/tcp/${target%/*}/${target#*/}" 2>/dev/null && echo "REACHED $target"',
        'done',
        'timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/3210" && echo own port open',
      ].join('\n'),
    );
    const reachable = host === '3210' ? output : output.replace(`127.0.0.1/${host}`, '');
    expect(reachable).not.toContain('RESOLVED');
    expect(reachable).not.toContain('REACHED');
    expect(reachable).toContain('own port open');
  });

  it('finds no key in the environment, the file system or the process list', async () => {
    const output = await inside(
      [
        // The bracket keeps the search from finding its own command line.
        'env | grep -c "sk_liv[e]_"',
        'grep -rls --exclude-dir=proc --exclude-dir=sys "sk_liv[e]_[0-9A-Za-z]\\{36\\}" / 2>/dev/null | wc -l',
        'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n" | grep -c "sk_liv[e]_"; true',
      ].join('; '),
    );
    expect(output.trim().split(/\s+/)).toEqual(['0', '0', '0']);
  });

  it('may call the commands of its scopes and is told which scope another needs', async () => {
    const listed = await inside('seed keys list --json | jq -r ".items[].name"');
    expect(listed).toContain('admin');
    const { body } = await seed.call<{ key: { id: string } }>('POST', '/api/v1/keys', {
      body: { name: 'stays', scopes: ['keys:read'] },
    });
    const refused = await inside(
      `curl -s -o /tmp/answer -w "%{http_code}" -X POST http://127.0.0.1:3210/api/v1/keys/${body.key.id}/revoke; cat /tmp/answer`,
    );
    expect(refused).toMatch(/^403/);
    expect(refused).toContain('keys:write');
    const after = await seed.call<{ key: { status: string } }>('GET', `/api/v1/keys/${body.key.id}`);
    expect(after.body.key.status).toBe('active');
  });

  it('shows in the manifest and in help only what is allowed', async () => {
    const names = await inside('curl -s http://127.0.0.1:3210/api/v1/commands | jq -r ".commands[].name"');
    expect(names.trim().split('\n').sort()).toEqual([
      'approvals get',
      'background get',
      'commands show',
      'keys check',
      'keys get',
      'keys list',
      'whoami',
    ]);
    const help = await inside('seed --help 2>&1; seed keys --help 2>&1');
    expect(help).toContain('keys list');
    expect(help).not.toContain('keys revoke');
    expect(help).not.toContain('tasks run');
  });

  it('can reach nothing on the stream but the platform and the model', async () => {
    const paths = [
      '/events',
      '/result',
      '/task',
      '/cli/seed.mjs',
      '/runner/v1/lease',
      '/metrics',
      '/api/v1/../../healthz',
    ];
    const output = await inside(
      `for path in ${paths.join(' ')}; do curl -s --path-as-is -o /dev/null -w "%{http_code}\\n" -X POST http://127.0.0.1:3210$path; done`,
    );
    expect(
      output
        .trim()
        .split('\n')
        .every((status) => ['403', '404'].includes(status)),
    ).toBe(true);
  });

  it('cannot pass itself off as somebody else by a key of its own', async () => {
    const output = await inside(
      `curl -s -H "Authorization: Bearer ${'x'.repeat(8)}" -H "X-Forwarded-For: 127.0.0.1" http://127.0.0.1:3210/api/v1/whoami | jq -r .key.name`,
    );
    expect(output.trim()).toMatch(/^task:[0-9a-f]{8}$/);
  });

  it('cannot write outside its own folders, nor fill the disk', async () => {
    const output = await inside(
      'touch /usr/bin/x /opt/seed/x /etc/x 2>&1 | grep -c "Read-only\\|denied"; head -c 20G /dev/zero > /workspace/fill; ls -l /workspace/fill | wc -l',
    );
    expect(output).toMatch(/^3\n/);
    expect(output).toMatch(/No space left|write error/i);
  });

  it("loses its rights within a second when the caller's key is revoked", async () => {
    const key = await seed.newKey(['tasks:write', 'keys:read']);
    const task = await seed.postTask(
      {
        instruction: bash(
          'for i in $(seq 12); do seed keys list --json >/dev/null 2>&1; echo "code $?"; sleep 0.2; done',
        ),
      },
      key.secret,
    );
    await seed.waitForEvent(task.id, (event) => event.type === 'command');
    await seed.call('POST', `/api/v1/keys/${key.id}/revoke`);
    const revokedAt = Date.now();
    const events = await seed.events(task.id);
    const late = events.filter(
      (event) => event.type === 'command' && event.status === 200 && Date.parse(event.at) > revokedAt + 1_000,
    );
    expect(late).toEqual([]);
  });
});
