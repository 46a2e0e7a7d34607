// The tables of sandboxes that the server starts itself, which are part of those in tables.ts.
import type { Defaulted } from './columns.ts';

export interface DoorTables {
  door_starts: {
    task_id: string;
    lease_id: string;
    sandbox_id: string;
    vendor_id: Defaulted<string | null>;
    step: Defaulted<'recorded' | 'created' | 'started' | 'ended'>;
    sealed_key: Buffer | null;
    until: Date;
    recorded_at: Date;
    created_at: Defaulted<Date | null>;
    started_at: Defaulted<Date | null>;
    heard_at: Defaulted<Date | null>;
    guest_hash: Defaulted<string | null>;
    ended_at: Defaulted<Date | null>;
    claimed_by: Defaulted<string | null>;
    claimed_until: Defaulted<Date | null>;
    events: Defaulted<number>;
    event_bytes: Defaulted<number>;
    artifact_bytes: Defaulted<number>;
    workspaces: Defaulted<number>;
    worked_at: Defaulted<Date | null>;
  };
  door_calls: {
    id: string;
    task_id: string;
    approval_id: string | null;
    expires_at: Date;
  };
}
