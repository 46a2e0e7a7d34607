// What a command's `run` is given: who calls, and the services it may use, already bound to the caller's account.
import type { TaskEvent } from '../protocol/event.ts';
import type { KeptFile } from '../protocol/file.ts';
import type { LedgerEntry } from '../protocol/ledger.ts';
import type { ModelView } from '../protocol/model.ts';
import type {
  CostReport,
  CostsBy,
  ErrorReport,
  ErrorsBy,
  RequestReport,
  RequestsBy,
  Summary,
  UsageBy,
  UsageReport,
} from '../protocol/obs.ts';
import type { PackView } from '../protocol/pack.ts';
import type { Page } from '../protocol/page.ts';
import type { RunnerView } from '../protocol/runner.ts';
import type { RunTaskBody, Task, TaskStatus } from '../protocol/task.ts';
import type { Template } from '../protocol/template.ts';
import type { AskedRange } from '../server/telemetry/time-range.ts';
import type { Call } from './call.ts';
import type { SentFile } from './define-command.ts';
import type { WebhookService } from './webhook-service.ts';

export interface PageRequest {
  limit: number;
  cursor?: string | undefined;
}

export interface TaskFilter extends PageRequest {
  status?: TaskStatus | undefined;
  keyId?: string | undefined;
  parentTaskId?: string | undefined;
  createdAfter?: string | undefined;
  createdBefore?: string | undefined;
  /** In the instruction, or at the beginning of the id. */
  q?: string | undefined;
}

export interface TaskService {
  /** Accepts a task with this id, or finds it accepted; with `waitMs` the promise resolves when it has ended or the time is over. */
  run(id: string, input: RunTaskBody, waitMs: number): Promise<Task>;
  list(filter: TaskFilter): Promise<Page<Task>>;
  get(id: string): Promise<Task>;
  stop(id: string): Promise<Task>;
  /** What its agent called, oldest first. */
  ledger(id: string, page: PageRequest): Promise<Page<LedgerEntry>>;
  /** What its agent has left until now, by name. */
  artifacts(id: string): Promise<KeptFile[]>;
  artifact(id: string, name: string): Promise<SentFile>;
  /** Past and, unless only those are wanted, coming events with seq > after, in order; ends after the terminal status. */
  events(id: string, after: number, onlyPast: boolean): Promise<AsyncIterable<TaskEvent>>;
}

export interface PackService {
  list(): Promise<Page<PackView>>;
  /** Writes the pack's sample rows for the caller's account, which must have none in it. */
  loadSamples(name: string): Promise<PackView>;
}

export interface TemplateService {
  /** Those whose scopes the caller's key has. */
  list(): Template[];
}

export interface ModelService {
  /** Those known by name that the caller's tasks can be given; `others`: any name of the upstream's can be given, too. */
  list(): { items: ModelView[]; others: boolean };
}

export interface SandboxService {
  /** The runners heard of lately, with the tasks that run on them. */
  list(): Promise<Page<RunnerView>>;
}

/** What a report is about. */
export interface ReportRequest extends AskedRange {
  /** Only what counts for this key. */
  keyId?: string | undefined;
}

interface GroupsRequest extends ReportRequest {
  /** Groups at most. */
  limit: number;
}

export interface ObsService {
  summary(asked: ReportRequest): Promise<Summary>;
  /** @param daily also the requests of each day in each group */
  requests(by: RequestsBy, daily: boolean, asked: GroupsRequest): Promise<RequestReport>;
  usage(by: UsageBy, asked: GroupsRequest): Promise<UsageReport>;
  costs(by: CostsBy, asked: GroupsRequest): Promise<CostReport>;
  errors(by: ErrorsBy, asked: GroupsRequest): Promise<ErrorReport>;
}

export interface CommandContext extends Call {
  models: ModelService;
  obs: ObsService;
  packs: PackService;
  tasks: TaskService;
  sandboxes: SandboxService;
  templates: TemplateService;
  webhooks: WebhookService;
}
