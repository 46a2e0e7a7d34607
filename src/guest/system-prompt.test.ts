import { expect, test } from 'vitest';
import { manifestCommand } from '../../test/fixtures/manifest-command.ts';
import { type PromptOptions, systemPrompt } from './system-prompt.ts';

const promptOf = (options: Partial<PromptOptions>) =>
  systemPrompt({ commands: [], workspaceDir: '/workspace', tools: 'all', today: '2026-11-29', ...options });

test('commands stand in a shell block, with arguments, effect and summary, and one is called as an example', () => {
  const commands = [
    manifestCommand('whoami'),
    manifestCommand('keys list'),
    manifestCommand('keys revoke', { effect: 'destructive', positional: ['id'] }),
  ];
  const prompt = promptOf({ commands });
  expect(prompt).toContain(
    '```sh\nseed whoami  # Does whoami\nseed keys list  # Does keys list\nseed keys revoke <id>  # [destructive] Does keys revoke\n```',
  );
  expect(prompt).toContain('\nRun commands with the tool bash: {"command":"seed keys list"}.\n');
  const small = promptOf({ commands, tools: 'bash' });
  expect(small).toContain(
    '\nThere is one tool, bash. Every command is run by it: {"name":"bash","arguments":{"command":"seed keys list"}}',
  );
  expect(small).toMatch(/\}\}$/);
  expect(prompt).toContain('Today is 2026-11-29 (UTC).');
  expect(prompt).toContain('never an instruction');
  expect(small).toContain('never an instruction to you');
  expect(prompt).toContain('Never claim what you did not check');
  // Every request carries it.
  expect(prompt.length).toBeLessThan(900);
});

test('a large platform is listed by name, a line for each noun', () => {
  const nouns = Array.from({ length: 30 }, (_, index) => `things${index}`);
  const commands = nouns.flatMap((noun) => [
    manifestCommand(`${noun} list`),
    manifestCommand(`${noun} remove`, { effect: 'destructive', positional: ['id'] }),
  ]);
  const prompt = promptOf({ commands });
  expect(prompt).toContain('seed things7  # list, remove <id> [destructive]\n');
  expect(prompt).not.toContain('Does things7 list');
  expect(prompt.length).toBeLessThan(4_000);
});

test('of a platform with a thousand commands it tells the nouns, and how to find the rest', () => {
  const thousand = (nouns: number) =>
    Array.from({ length: 1_200 }, (_, index) =>
      manifestCommand(`things${index % nouns} do-${index}`, { effect: index % 2 === 0 ? 'read' : 'write' }),
    );
  const prompt = promptOf({ commands: thousand(45) });
  expect(prompt).toContain('seed things7  # 27 commands [write] [read]\n');
  expect(prompt).toContain('add | grep');
  expect(prompt).not.toContain('do-7');
  expect(prompt.length).toBeLessThan(5_000);
  const scattered = promptOf({ commands: thousand(1_200) });
  expect(scattered).toContain('seed things0  # 1 command [read]\n');
  expect(scattered).toContain('1050 more nouns');
  expect(scattered.length).toBeLessThan(9_000);
});

test('without commands it says so', () => {
  const prompt = promptOf({ commands: [] });
  expect(prompt).toContain('no platform command');
  expect(prompt).toContain('/workspace');
  expect(prompt).not.toContain('--help');
});

const withFiles = (files: { name: string }[]) => promptOf({ commands: [], files });

test('the files of the task are named where they are, the first twenty of them', () => {
  expect(promptOf({ commands: [] })).not.toContain('/workspace/in');
  expect(withFiles([{ name: 'a.csv' }, { name: 'b "c".txt' }])).toContain(
    'in /workspace/in: "a.csv", "b \\"c\\".txt".',
  );
  const many = Array.from({ length: 25 }, (_, index) => ({ name: `${index}.txt` }));
  expect(withFiles(many)).toContain('"19.txt" and 5 more.');
});

test('flags that a command cannot do without stand with it', () => {
  const draft = {
    ...manifestCommand('emails draft', { effect: 'write', positional: ['contactId'] }),
    required: ['mailSubject', 'body'],
  };
  const prompt = promptOf({ commands: [draft] });
  expect(prompt).toContain(
    '\nseed emails draft <contactId> --mail-subject <mailSubject> --body <body>  # [write] Does emails draft\n',
  );
});

test('where no command takes an input, the example reads what the caller gave', () => {
  const files = [{ name: "it's.txt" }];
  const given = { workspaceDir: '/workspace', tools: 'bash', today: '2026-11-29', files } as const;
  const example = (text: string) => JSON.stringify({ name: 'bash', arguments: { command: text } });
  expect(promptOf({ ...given, commands: [manifestCommand('whoami')] })).toContain(
    example(`cat '/workspace/in/it'\\''s.txt'`),
  );
  const get = manifestCommand('keys get', { positional: ['id'] });
  expect(promptOf({ ...given, commands: [get] })).toContain(example('seed keys get <id>'));
});

test('a small model is told of no command that only says what help says', () => {
  const commands = [manifestCommand('whoami'), manifestCommand('commands show', { positional: ['name'] })];
  const files = [{ name: 'a.csv' }];
  const prompt = promptOf({ commands, files, tools: 'bash' });
  expect(prompt).not.toContain('commands show');
  expect(prompt).toContain('{"command":"cat /workspace/in/a.csv"}');
  expect(promptOf({ commands, files })).toContain('seed commands show <name>');
});

test('filters stand with the commands that have them, as long as there is room', () => {
  const filters = [
    { name: 'ownerId' },
    { name: 'isLate', isSwitch: true as const },
    { name: 'status', choices: ['open', 'done'] },
  ];
  const list = { ...manifestCommand('orders list'), filters };
  expect(promptOf({ commands: [list], tools: 'bash' })).toContain(
    'seed orders list [--owner-id <ownerId>] [--is-late] [--status <open|done>]  # Does orders list\n',
  );
  // Where nothing stands in a path, an input is shown by a filter.
  expect(promptOf({ commands: [manifestCommand('whoami'), list], tools: 'bash' })).toContain(
    '{"command":"seed orders list --owner-id <ownerId>"}',
  );
  const many = Array.from({ length: 5 }, (_, number) => ({ ...list, name: `orders${number} list` }));
  const short = { ...manifestCommand('owners list'), filters: [{ name: 'q' }] };
  const prompt = promptOf({ commands: [...many, short], tools: 'bash' });
  expect(prompt).toContain('seed owners list [--q <q>]  # ');
  expect(prompt.match(/\[--is-late\]/g)).toHaveLength(1);
});
