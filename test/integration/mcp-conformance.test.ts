// The official conformance suite against Seed's own routes and handlers, with the fixtures it asks for beside what
// Seed offers.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LEGACY, MODERN } from '../fixtures/mcp-client.ts';
import { startConformanceServer } from '../fixtures/mcp-conformance/conformance-server.ts';

const SUITE = fileURLToPath(
  new URL('dist/index.js', import.meta.resolve('@modelcontextprotocol/conformance/package.json')),
);

const NO_CALLS_BACK = 'Seed serves this revision without sessions and asks its clients nothing';
const NO_SUBSCRIPTIONS = 'Seed declares no subscriptions: a request that has ended leaves no channel to push over';
const NO_SESSIONS = 'about sessions, which this revision does not require: the suite skips it';
const NO_SKILLS = 'of the extension for skills, which Seed does not serve';

/** What the suite knows of each revision that Seed serves: how it is asked for, and why some does not apply. */
const REVISIONS: { revision: string; args: string[]; count: number; notApplicable: Record<string, string> }[] = [
  {
    revision: MODERN,
    args: ['--requirements', MODERN],
    count: 50,
    notApplicable: {
      'http-custom-header-server-validation':
        'not scored (pending in the suite); about x-mcp-header, which no tool of Seed declares',
      'tasks-status-notifications': 'the suite skips it until it can listen to subscriptions',
    },
  },
  {
    revision: LEGACY,
    args: ['--requirements', LEGACY],
    count: 33,
    notApplicable: {
      'tools-call-sampling': NO_CALLS_BACK,
      'tools-call-elicitation': NO_CALLS_BACK,
      'elicitation-sep1034-defaults': NO_CALLS_BACK,
      'elicitation-sep1330-enums': NO_CALLS_BACK,
      'resources-subscribe': NO_SUBSCRIPTIONS,
      'resources-unsubscribe': NO_SUBSCRIPTIONS,
      'server-session-lifecycle': NO_SESSIONS,
      'server-sse-multiple-streams': NO_SESSIONS,
      'server-sse-polling': NO_SESSIONS,
    },
  },
  {
    // The suite has no list of requirements for these: all that it holds for them is run.
    revision: '2025-06-18',
    args: ['--suite', 'all', '--spec-version', '2025-06-18'],
    count: 27,
    notApplicable: {
      'tools-call-sampling': NO_CALLS_BACK,
      'tools-call-elicitation': NO_CALLS_BACK,
      'resources-subscribe': NO_SUBSCRIPTIONS,
      'resources-unsubscribe': NO_SUBSCRIPTIONS,
      'server-session-lifecycle': NO_SESSIONS,
    },
  },
  {
    revision: '2025-03-26',
    args: ['--suite', 'all', '--spec-version', '2025-03-26'],
    count: 1,
    notApplicable: { 'server-session-lifecycle': NO_SESSIONS },
  },
];

/** Scenarios for servers that belong to none of them. */
const NEVER_RUN: Record<string, string> = {
  'sep-2640-skills-directory': NO_SKILLS,
  'sep-2640-skills-enumeration': NO_SKILLS,
  'sep-2640-skills-manifest': NO_SKILLS,
};

let server: { url: string; stop(): Promise<void> };
beforeAll(async () => {
  server = await startConformanceServer();
});
afterAll(() => server.stop());

interface Scenario {
  name: string;
  passedChecks: number;
  failedChecks: number;
}

/** What the suite's command prints. It ends with 1 when a scenario fails, which the summary tells better. */
function suite(args: readonly string[], until: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [SUITE, ...args], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout) =>
      stdout.includes(until) ? resolve(stdout) : reject(error ?? new Error(stdout)),
    );
  });
}

/** Runs what a revision requires, and what the suite runs besides without scoring it. */
async function runSuite(args: readonly string[]): Promise<{ scenarios: Scenario[]; output: string }> {
  const output = await suite(['server', '--url', server.url, ...args], '=== SUMMARY ===');
  const lines = output.matchAll(/^[✓✗] ([\w-]+): (\d+) passed, (\d+) failed/gm);
  const scenarios = [...lines].map(([, name = '', passed, failed]) => ({
    name,
    passedChecks: Number(passed),
    failedChecks: Number(failed),
  }));
  return { scenarios, output };
}

const run = new Set<string>();

it.each(REVISIONS)(
  'revision $revision: of $count scenarios all that apply pass',
  { timeout: 180_000 },
  async ({ args, count, notApplicable }) => {
    const { scenarios, output } = await runSuite(args);
    expect(scenarios).toHaveLength(count);
    for (const { name } of scenarios) run.add(name);
    const others = scenarios.filter(({ passedChecks, failedChecks }) => passedChecks === 0 || failedChecks > 0);
    expect(others.map(({ name }) => name).sort(), output).toEqual(Object.keys(notApplicable).sort());
  },
);

it('runs every scenario for servers that the suite knows', async () => {
  const listed = await suite(['list', '--server'], 'Server scenarios');
  const names = [...listed.matchAll(/^ {2}- ([\w-]+) \[/gm)].map(([, name]) => name);
  expect(names.sort()).toEqual([...run, ...Object.keys(NEVER_RUN)].sort());
});

/** The suite has nothing for the first revision, which clients of 2024 still speak. */
it.each([LEGACY, '2025-06-18', '2025-03-26', '2024-11-05'])('the handshake agrees on %s', async (revision) => {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const params = { protocolVersion: revision, capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  const answer = await (await fetch(server.url, { method: 'POST', headers, body })).text();
  expect(answer).toContain(`"protocolVersion":"${revision}"`);
});
