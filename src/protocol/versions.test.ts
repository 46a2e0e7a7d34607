import { expect, test } from 'vitest';
import { RUNNER_PROTOCOL, refuseOtherProtocol } from './versions.ts';

test.each([undefined, '1', String(RUNNER_PROTOCOL)])('a runner that says %s is served', (said) => {
  refuseOtherProtocol(said);
});

test.each([
  ['0', "Update the runner to this server's version."],
  [String(RUNNER_PROTOCOL + 1), 'Update the servers first'],
  ['', "Update the runner to this server's version."],
  ['1, 1', "Update the runner to this server's version."],
  ['-1', "Update the runner to this server's version."],
  ['1e0', "Update the runner to this server's version."],
  ['99999999999999999999', "Update the runner to this server's version."],
])('a runner that says %j is refused', (said, hint) => {
  const refused = expect.objectContaining({ code: 'version_mismatch', hint: expect.stringContaining(hint) });
  expect(() => refuseOtherProtocol(said)).toThrow(refused);
});
