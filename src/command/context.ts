// What a command's `run` is given: who calls, and the services it may use, already bound to the caller's account.
import type { Account } from '../protocol/account.ts';
import type { AuditEntry, AuditOutcome } from '../protocol/audit.ts';
import type { Key, KeyStatus } from '../protocol/key.ts';
import type { SomeKeyLimits } from '../protocol/key-limits.ts';
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

export interface PageRequest {
  limit: number;
  cursor?: string | undefined;
}

export interface AccountService {
  /** Creates an account with its first key, which has all scopes. */
  create(input: { name: string }): Promise<{ account: Account; key: Key; secret: string }>;
  list(page: PageRequest): Promise<Page<Account>>;
}

/** When a key ends: one of the two, or neither. */
interface Expiry {
  expiresAt?: string | undefined;
  expiresIn?: string | undefined;
}

export interface KeyCreation extends Expiry, SomeKeyLimits {
  name: string;
  scopes: string[];
  metadata: Record<string, string>;
  tasksMayCreateLastingKeys: boolean;
}

/** What is undefined stays as it is. */
export interface KeyUpdate extends SomeKeyLimits {
  name?: string | undefined;
  metadata?: Record<string, string> | undefined;
  enabled?: boolean | undefined;
  tasksMayCreateLastingKeys?: boolean | undefined;
}

export interface KeyFilter extends PageRequest {
  status?: KeyStatus | undefined;
  taskKeys: boolean;
  unusedForDays?: number | undefined;
  q?: string | undefined;
}

export interface KeyService {
  create(input: KeyCreation): Promise<{ key: Key; secret: string }>;
  list(filter: KeyFilter): Promise<Page<Key>>;
  get(id: string): Promise<Key>;
  /** @param yes also where the account thereby loses its last unlimited key, as with the two below */
  update(id: string, changes: KeyUpdate, yes: boolean): Promise<Key>;
  /** @param grace the span for which the present secret works as well */
  rotate(id: string, grace: string, expiry: Expiry, yes: boolean): Promise<{ key: Key; secret: string }>;
  revoke(id: string, yes: boolean): Promise<Key>;
}

export interface AuditFilter extends PageRequest {
  keyId?: string | undefined;
  taskId?: string | undefined;
  command?: string | undefined;
  outcome?: AuditOutcome | undefined;
  /** ISO-8601, or a span before now. */
  since?: string | undefined;
  until?: string | undefined;
  /** Only calls that named no known key; for the operator. */
  unknownKeys: boolean;
}

export interface AuditService {
  list(filter: AuditFilter): Promise<Page<AuditEntry>>;
}

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
  accounts: AccountService;
  audit: AuditService;
  keys: KeyService;
  models: ModelService;
  obs: ObsService;
  packs: PackService;
}
