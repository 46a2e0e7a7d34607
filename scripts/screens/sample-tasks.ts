// Tasks that are worth a look: of every status, with output in colours, files and commands.

const TIMEOUT_MS = 60_000;

const bash = (...lines: string[]) => ['```bash', ...lines, '```'].join('\n');

const SERVICES = bash(
  String.raw`printf '\033[1mChecking 4 services\033[0m\n'`,
  String.raw`for name in api worker web; do printf '\033[32m✓\033[0m %-8s \033[2m%s ms\033[0m\n' "$name" "$((RANDOM % 90 + 10))"; done`,
  String.raw`printf '\033[33m!\033[0m search   \033[33mslow: 840 ms\033[0m\n'`,
  'seed keys list',
  String.raw`printf 'service,status,latency\napi,ok,24\nworker,ok,61\nweb,ok,38\nsearch,slow,840\n' > /workspace/out/services.csv`,
  `printf '{"checked":4,"slow":["search"]}' > /workspace/out/summary.json`,
);

/** Oldest first. */
export const SAMPLE_TASKS = [
  { instruction: 'Prepare the monthly API usage report for billing as CSV', timeout: TIMEOUT_MS },
  { instruction: `Wait for the nightly import\n${bash('sleep 30')}`, timeout: 2_000 },
  { instruction: `List our keys\n${bash('seed keys list')}`, timeout: TIMEOUT_MS },
  {
    instruction: 'Check our API key inventory and revoke any expired ones',
    timeout: TIMEOUT_MS,
    scopes: ['keys:read', 'keys:write'],
    budget: { calls: 20, usd: 0.5 },
    metadata: { team: 'platform' },
  },
  {
    instruction: `Check that all services answer, and say which are slow\n${SERVICES}\n${bash('echo "All four services answer. search is slow: 840 ms."')}`,
    timeout: TIMEOUT_MS,
    budget: { calls: 20, tokens: 200_000, usd: 0.5 },
  },
];
