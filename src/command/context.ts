// What a command's `run` is given: who calls, and the services it may use, already bound to the caller's account.
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
import type { AskedRange } from '../server/telemetry/time-range.ts';
import type { Call } from './call.ts';

export interface PackService {
  list(): Promise<Page<PackView>>;
  /** Writes the pack's sample rows for the caller's account, which must have none in it. */
  loadSamples(name: string): Promise<PackView>;
}

export interface ModelService {
  /** Those known by name that the caller's tasks can be given; `others`: any name of the upstream's can be given, too. */
  list(): { items: ModelView[]; others: boolean };
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
}
