import { describe, expect, it } from 'vitest';
import { canBecome, FAILED, isTerminal, LEASED, UNFINISHED } from './statuses.ts';
import { TaskStatus } from './task.ts';

describe('lifecycle', () => {
  it('lets no terminal status become anything', () => {
    const terminal = TaskStatus.options.filter(isTerminal);
    expect(terminal).toEqual(['completed', 'failed', 'timed_out', 'stopped']);
    for (const from of terminal) {
      for (const to of TaskStatus.options) expect(canBecome(from, to)).toBe(false);
    }
  });

  it('reaches every status from queued', () => {
    const reached = new Set<TaskStatus>(['queued']);
    for (const from of reached) {
      for (const to of TaskStatus.options) if (canBecome(from, to)) reached.add(to);
    }
    expect([...reached].sort()).toEqual([...TaskStatus.options].sort());
  });

  it('goes back to queued from running alone, which the transition allows before the run has begun', () => {
    const sourcesOf = (to: TaskStatus) => TaskStatus.options.filter((from) => canBecome(from, to));
    expect(sourcesOf('queued')).toEqual(['running']);
    expect(sourcesOf('running')).toEqual(['queued', 'waiting_for_approval']);
  });

  it('lets every task that a runner holds fail, since the runner can be lost, and be stopped or time out', () => {
    for (const from of LEASED) {
      for (const to of [...FAILED, 'stopped'] as const) expect(canBecome(from, to)).toBe(true);
    }
  });

  it('names the sets that SQL asks for', () => {
    expect(UNFINISHED).toEqual(['queued', 'running', 'waiting_for_approval']);
    expect(LEASED).toEqual(['running', 'waiting_for_approval']);
  });
});
