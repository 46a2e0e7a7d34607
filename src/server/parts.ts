// What the server is made of. main wires the parts once; routes and services are handed them.
import type { Logger } from 'pino';
import type { Registry } from '../command/registry.ts';
import type { Store } from '../db/store.ts';
import type { Prices } from '../lib/money.ts';
import type { LoadedPack } from '../pack/definition.ts';
import type { AuditTrail } from './access/audit-trail.ts';
import type { KeyUse } from './access/key-use.ts';
import type { KeyCache } from './access/presented-key.ts';
import type { RateLimits, SignInLimits } from './access/rate-limits.ts';
import type { SessionSettings } from './access/sessions.ts';
import type { KeptBlobs } from './files/blobs.ts';
import type { Gate } from './http/gate.ts';
import type { Inbox } from './http/inbox.ts';
import type { CallLog } from './ledger/call-log.ts';
import type { McpServerFor } from './mcp/routes.ts';
import type { LlmGateway } from './models/gateway.ts';
import type { FindTask } from './tasks/find.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

export interface ServerParts {
  store: Store;
  keys: KeyCache;
  findTask: FindTask;
  registry: Registry;
  packs: readonly LoadedPack[];
  llm: LlmGateway;
  audit: AuditTrail;
  gate: Gate;
  calls: CallLog;
  /** Files and artifacts of tasks. */
  blobs: KeptBlobs;
  /** Where they lie while they are received. */
  inbox: Inbox;
  prices: Prices;
  telemetry: Telemetry;
  keyUse: KeyUse;
  rateLimits: RateLimits;
  /** Of the dashboard. */
  sessions: SessionSettings;
  signInLimits: SignInLimits;
  /** The built dashboard; it may be missing. */
  webFolder: URL;
  /** Addresses of proxies whose X-Forwarded-For is believed, as CIDRs. */
  trustedProxies: readonly string[];
  /** Origins of web pages that may call /mcp, besides those of this machine. */
  mcpAllowedOrigins: readonly string[];
  /** Makes the MCP server of one request. */
  mcpServerFor: McpServerFor;
  log: Logger;
  /** Shared with the runners; they present it as their bearer token. */
  runnerToken: string;
  /** What secrets in the database are sealed with. */
  secretsKey: string;
  /** Ranges that webhooks may be delivered to besides public addresses. */
  webhookNetworks: readonly string[];
  version: string;
  /** The CLI as one file, without a manifest. */
  cliBundle: string;
  /** Aborted when the server begins to stop. */
  stopping: AbortSignal;
}
