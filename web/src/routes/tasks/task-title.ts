// What a task is called: the first line of its instruction that says something.
const TITLE_MOST = 200;
/** Of a block of code. */
const FENCE = /^\s*```\w*\s*$/;

export function taskTitle(instruction: string): string {
  const line = instruction.split('\n').find((one) => one.trim() !== '' && !FENCE.test(one));
  return (line ?? instruction).trim().slice(0, TITLE_MOST);
}
