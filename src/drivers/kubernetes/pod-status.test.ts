import { expect, test } from 'vitest';
import type { Pod, PodStatus, Terminated } from './pod.ts';
import { exitOf, exitOfRemoved, isRunning, lastAccount, startProblem } from './pod-status.ts';

const pod = (status: PodStatus, nodeName = 'n1'): Pod => ({
  metadata: { name: 'p', uid: 'u', resourceVersion: '1' },
  spec: { nodeName },
  status,
});
const ended = (terminated: Partial<Terminated>, phase: PodStatus['phase'] = 'Failed') =>
  pod({ phase, containerStatuses: [{ name: 'guest', state: { terminated: { exitCode: 0, ...terminated } } }] });

test('runs until its program has ended', () => {
  expect(exitOf(pod({}))).toBeNull();
  expect(exitOf(pod({ phase: 'Pending' }))).toBeNull();
  const running = pod({ phase: 'Running', containerStatuses: [{ name: 'guest', state: { running: {} } }] });
  expect(exitOf(running)).toBeNull();
  expect(isRunning(running)).toBe(true);
  expect(isRunning(ended({}))).toBe(false);
});

test.each<[Partial<Terminated>, object]>([
  [
    { exitCode: 0, reason: 'Completed' },
    { reason: 'exited', code: 0 },
  ],
  [
    { exitCode: 7, reason: 'Error' },
    { reason: 'exited', code: 7 },
  ],
  [
    { exitCode: 1, message: '{"said":"why"}' },
    { reason: 'exited', code: 1, detail: 'why' },
  ],
  [
    { exitCode: 1, message: 'no account' },
    { reason: 'exited', code: 1 },
  ],
  [{ exitCode: 137, reason: 'OOMKilled' }, { reason: 'out_of_memory' }],
  // It has outlived what was killed for its memory.
  [
    { exitCode: 0, reason: 'OOMKilled' },
    { reason: 'exited', code: 0 },
  ],
  [
    { exitCode: 3, reason: 'OOMKilled' },
    { reason: 'exited', code: 3 },
  ],
  [
    { exitCode: 137, reason: 'Error' },
    { reason: 'lost', detail: 'its program was killed by signal 9' },
  ],
  [
    { exitCode: 139, reason: 'Error' },
    { reason: 'lost', detail: 'its program was killed by signal 11' },
  ],
  [{ exitCode: 137, reason: 'ContainerStatusUnknown' }, { reason: 'lost' }],
  [
    { exitCode: 128, reason: 'StartError', message: 'no such file' },
    { reason: 'lost', detail: /no such file/ },
  ],
])('tells how %j ended', (terminated, exit) => {
  expect(exitOf(ended(terminated))).toMatchObject(exit);
});

test.each<[PodStatus, object]>([
  [{ phase: 'Failed', reason: 'DeadlineExceeded', message: 'Pod was active too long' }, { reason: 'deadline' }],
  [
    { phase: 'Failed', reason: 'Evicted', message: 'low on memory' },
    { detail: 'Evicted: low on memory: node n1' },
  ],
  [{ phase: 'Failed', reason: 'NodeLost' }, { detail: 'NodeLost: node n1' }],
  [{ phase: 'Failed', reason: 'OutOfcpu', message: 'no room' }, { detail: 'OutOfcpu: no room: node n1' }],
  [{ phase: 'Failed' }, { detail: 'its pod has the phase Failed and no end of its program' }],
])('tells an end that its program did not make: %j', (status, exit) => {
  const lost = { reason: 'lost', ...exit };
  expect(exitOf(pod(status))).toMatchObject(lost);
});

test('a deadline is one, however its program ended', () => {
  const killed = ended({ exitCode: 137, reason: 'Error' });
  killed.status = { ...killed.status, reason: 'DeadlineExceeded' };
  expect(exitOf(killed)).toEqual({ reason: 'deadline' });
});

test('a pod that somebody took away is lost, with the reason; one that had ended before is not', () => {
  expect(exitOfRemoved(pod({ phase: 'Running' }))).toEqual({
    reason: 'lost',
    detail: 'somebody has deleted its pod: node n1',
  });
  const conditions = [
    { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', message: 'for another' } as const,
  ];
  expect(exitOfRemoved(pod({ phase: 'Running', conditions }))).toEqual({
    reason: 'lost',
    detail: 'PreemptionByScheduler: for another: node n1',
  });
  expect(exitOfRemoved(ended({ exitCode: 2 }))).toEqual({ reason: 'exited', code: 2 });
});

test('what keeps it from starting may pass, or never does', () => {
  const waiting = (reason: string) =>
    startProblem(pod({ containerStatuses: [{ name: 'guest', state: { waiting: { reason, message: 'm' } } }] }));
  expect(waiting('ContainerCreating')).toBeNull();
  expect(waiting('ErrImagePull')).toBeNull();
  expect(waiting('ImagePullBackOff')).toEqual({ never: true, text: 'ImagePullBackOff: m' });
  expect(waiting('ErrImageNeverPull')).toMatchObject({ never: true });
  const conditions = [
    { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'Insufficient cpu' } as const,
  ];
  expect(startProblem(pod({ conditions }))).toEqual({ never: false, text: 'Unschedulable: Insufficient cpu' });
});

test('takes no account from a guest that is none', () => {
  const account = (message: string) => lastAccount(ended({ message }));
  expect(account('{"cpuSeconds":1.5,"peakMemoryBytes":7}')).toEqual({ cpuSeconds: 1.5, peakMemoryBytes: 7 });
  for (const message of ['', '{', '[]', 'null', '{"cpuSeconds":-1,"peakMemoryBytes":1}', '{"cpuSeconds":"1"}']) {
    expect(account(message)).toBeNull();
  }
});
