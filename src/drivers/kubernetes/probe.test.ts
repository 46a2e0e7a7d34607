import { expect, test } from 'vitest';
import { isolationOf } from './isolation.ts';
import { answersIn, listOf, type Outcome, type Report, targetsIn } from './probe-verdict.ts';
import { readAccount } from './usage.ts';

const surroundings = {
  own: { hostIPs: [{ ip: '10.0.0.7' }, { ip: 'fd00::7' }] },
  api: [{ host: '10.96.0.1', port: 443 }],
  listener: { hosts: ['10.244.0.9'], port: 47001 },
};

test('tries whatever there is around a pod', () => {
  const targets = targetsIn(surroundings).map(({ by, host, port }) => `${by} ${host} ${port}`);
  expect(targets).toEqual(
    expect.arrayContaining([
      'tcp 10.244.0.9 47001',
      'udp 10.244.0.9 47001',
      'icmp 10.244.0.9 0',
      'tcp 10.0.0.7 10250',
      'tcp fd00::7 22',
      'tcp 10.96.0.1 443',
      'udp 10.96.0.10 53',
      'udp 169.254.20.10 53',
      'tcp 169.254.169.254 80',
      'name kubernetes.default.svc.cluster.local 0',
      'tcp 1.1.1.1 443',
    ]),
  );
});

function inside(outcomes: Record<string, string>): Report {
  const all = targetsIn(surroundings).map((target) => ({
    ...target,
    outcome: outcomes[`${target.by} ${target.host} ${target.port}`] ?? 'ENETUNREACH',
  }));
  return { outcomes: all, cards: [], version: '', commandLine: '' };
}
const hosts = (outcomes: Outcome[]) => outcomes.map(({ by, host }) => `${by} ${host}`);

test('finds what answers, a refusal too', () => {
  const silent = {
    inside: inside({ 'tcp 1.1.1.1 443': 'silent', 'tcp 8.8.8.8 443': 'EHOSTUNREACH' }),
    towards: [],
  };
  expect(answersIn(silent)).toEqual([]);
  const open = {
    inside: inside({ 'tcp 10.0.0.7 22': 'ECONNREFUSED', 'udp 10.96.0.10 53': 'answered' }),
    towards: [],
  };
  expect(hosts(answersIn(open))).toEqual(['tcp 10.0.0.7', 'udp 10.96.0.10']);
  const towards: Outcome[] = [{ what: 'a sandbox', by: 'tcp', host: '10.1.1.1', port: 1, outcome: 'answered' }];
  expect(hosts(answersIn({ inside: inside({}), towards }))).toEqual(['tcp 10.1.1.1']);
});

test('a network that refuses in the name of a pod that listens is not reached', () => {
  const refusals = { 'tcp 10.244.0.9 47001': 'ECONNREFUSED', 'tcp 10.0.0.7 22': 'ECONNREFUSED' };
  expect(answersIn({ inside: inside(refusals), towards: [] })).toEqual([]);
  const one = { ...refusals, 'tcp 10.96.0.1 443': 'answered' };
  expect(hosts(answersIn({ inside: inside(one), towards: [] }))).toEqual(['tcp 10.96.0.1']);
});

test('names what answers, and no endless list', () => {
  const outcome: Outcome = { what: 'the node', by: 'tcp', host: '10.0.0.7', port: 22, outcome: 'answered' };
  expect(listOf([outcome, { ...outcome, by: 'icmp', port: 0 }])).toBe(
    'the node (10.0.0.7, tcp 22), the node (10.0.0.7, icmp)',
  );
  expect(listOf(Array.from({ length: 9 }, () => outcome))).toMatch(/ and 3 more$/);
});

const LINUX = 'Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org) #1 SMP';
test.each([
  ['runsc', 'Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016', '', 'user-kernel', false],
  [null, 'Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016', '', 'user-kernel', false],
  ['kata-qemu', LINUX, 'console=hvc0 agent.log=debug', 'vm', false],
  ['kata-clh', LINUX, 'systemd.unit=kata-containers.target', 'vm', false],
  ['runc', LINUX, 'root=/dev/sda1', 'container', false],
  ['sealed', LINUX, '', 'container', false],
  [null, LINUX, '', 'container', false],
  ['kata', LINUX, 'root=/dev/sda1', 'container', true],
  ['gvisor', LINUX, '', 'container', true],
])('the handler %s over "%s" (%s) is told as %s', (handler, version, commandLine, isolation, isDoubted) => {
  const judgement = isolationOf({ handler, version, commandLine });
  expect(judgement.isolation).toBe(isolation);
  expect(judgement.warning !== undefined).toBe(isDoubted);
});

test('reads what either version of control groups has counted', () => {
  const file = (name: string, text: string) => `# /sys/fs/cgroup/${name}\n${text}\n`;
  const v2 =
    file('cpu.stat', 'usage_usec 2500000\nuser_usec 1') +
    file('memory.peak', '4096') +
    file('memory.current', '1');
  expect(readAccount(v2)).toEqual({ cpuSeconds: 2.5, peakMemoryBytes: 4096 });
  const older = file('cpu.stat', 'usage_usec 1') + file('memory.current', '12');
  expect(readAccount(older)).toEqual({ cpuSeconds: 1e-6, peakMemoryBytes: 12 });
  const v1 = file('cpuacct/cpuacct.usage', '78135764') + file('memory/memory.max_usage_in_bytes', '13737984');
  expect(readAccount(v1)).toEqual({ cpuSeconds: 0.078135764, peakMemoryBytes: 13737984 });
  expect(readAccount('')).toBeNull();
  expect(readAccount(file('cpu.stat', 'nr_periods 0'))).toBeNull();
});
