// What a task is called.
import { expect, it } from 'vitest';
import { taskTitle } from './task-list.tsx';

it.each([
  ['Audit our keys', 'Audit our keys'],
  ['\n  Audit our keys  \nand say why', 'Audit our keys'],
  ['```bash\nseed keys list\n```', 'seed keys list'],
  ['```', '```'],
  ['x'.repeat(1_000), 'x'.repeat(200)],
])('%j is called %j', (instruction, title) => {
  expect(taskTitle(instruction)).toBe(title);
});
