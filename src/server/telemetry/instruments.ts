// Every metric of Seed's own. Labels hold only what is bounded: never the id of a key, an account or a task.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const QUEUE_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600];
const START_SECONDS = [0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const RUN_SECONDS = [1, 5, 10, 30, 60, 120, 300, 600];
const MODEL_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600];

export type Instruments = ReturnType<typeof createInstruments>;

export function createInstruments(registry: Registry) {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = <Label extends string>(name: string, help: string, labelNames: Label[], buckets: number[]) =>
    new Histogram({ name, help, labelNames, buckets, registers });
  const everywhere = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    gauge(name, `${help} From the database: the same on every server, so do not add it up.`, labelNames);

  return {
    buildInfo: gauge('seed_build_info', 'Always 1; says the version.', ['version']),

    requests: counter('seed_http_requests_total', 'HTTP requests answered.', ['surface', 'status']),
    requestSeconds: histogram(
      'seed_http_request_duration_seconds',
      'From a request to the beginning of its answer; long polls of runners are among them.',
      ['surface'],
      REQUEST_SECONDS,
    ),
    requestsOpen: gauge(
      'seed_http_requests_open',
      'Requests whose answer has not ended; on the surface llm those are the open streams of the gateway.',
      ['surface'],
    ),
    errors: counter('seed_http_errors_total', 'HTTP requests refused or failed, by error code.', [
      'surface',
      'code',
    ]),
    commands: counter('seed_command_calls_total', 'Commands called, also those refused.', [
      'command',
      'effect',
      'status',
    ]),
    commandSeconds: histogram(
      'seed_command_duration_seconds',
      'From the call of a command to its answer, or to the beginning of its stream.',
      ['command'],
      REQUEST_SECONDS,
    ),

    tasksAccepted: counter('seed_tasks_accepted_total', 'Tasks accepted by this server.', []),
    tasksEnded: counter('seed_tasks_ended_total', 'Tasks that this server saw end.', ['status', 'code']),
    queueSeconds: histogram(
      'seed_task_queue_duration_seconds',
      'From the acceptance of a task to its lease.',
      [],
      QUEUE_SECONDS,
    ),
    startSeconds: histogram(
      'seed_task_start_duration_seconds',
      "From the lease of a task to its agent's first step.",
      [],
      START_SECONDS,
    ),
    runSeconds: histogram(
      'seed_task_run_duration_seconds',
      "From the agent's first step to the end of its task.",
      [],
      RUN_SECONDS,
    ),

    modelCalls: counter('seed_model_calls_total', 'Calls of models, by what came of them.', ['model', 'outcome']),
    modelSeconds: histogram(
      'seed_model_call_duration_seconds',
      'From the call of a model to the end of its answer.',
      ['model'],
      MODEL_SECONDS,
    ),
    modelTokens: counter('seed_model_tokens_total', 'Tokens that models took in and gave out.', [
      'model',
      'direction',
    ]),
    modelAiling: gauge(
      'seed_model_ailing',
      '1 for a model that failed and has not answered this server since; none for the others.',
      ['model'],
    ),
    modelUsd: counter('seed_model_cost_usd_total', 'US dollars that calls of models cost.', ['model']),

    recordsLost: counter(
      'seed_records_lost_total',
      'Rows of the audit log, of calls (the ledgers of tasks), of events and of model calls that could not be written.',
      ['record'],
    ),

    databaseUp: gauge('seed_database_up', 'Whether the gauges from the database could be read just now.', []),
    tasks: everywhere('seed_tasks', 'Tasks that have not ended.', ['status']),
    oldestSeconds: everywhere(
      'seed_task_queue_oldest_seconds',
      'For how long the task waits that was queued first.',
      [],
    ),
    runners: everywhere('seed_runners', 'Runners heard of lately.', ['driver']),
    slots: everywhere('seed_runner_slots', 'Sandboxes that those runners may run at a time.', ['driver']),
    slotsFree: everywhere('seed_runner_slots_free', 'Of those, free when last said.', ['driver']),
    poolSize: everywhere('seed_pool_sandboxes_wanted', 'Sandboxes that shall wait in pools.', ['driver']),
    poolReady: everywhere('seed_pool_sandboxes_ready', 'Sandboxes that wait in pools.', ['driver']),
    poolBytes: everywhere('seed_pool_memory_bytes', 'Memory of the sandboxes that wait.', ['driver']),
  };
}
