// The tables of what happens to a whole account, which are part of those in tables.ts.

import type { ColumnType } from 'kysely';
import type { AccountExport } from '../protocol/account-export.ts';
import type { Defaulted, JsonOrNull } from './columns.ts';

/** A piece of an archive, in the order in which they belong together. */
export interface StoredPart {
  blobId: string;
  size: number;
  /** Hexadecimal. */
  sha256: string;
}

export interface AccountTables {
  uploads: {
    id: string;
    account_id: string;
    key_id: string;
    size: number;
    sha256: string;
    created_at: Date;
    expires_at: Date;
  };
  account_deletions: {
    account_id: string;
    requested_at: Date;
    requested_by: string;
    rows: Defaulted<number>;
    blobs: Defaulted<number>;
    completed_at: Defaulted<Date | null>;
    claimed_until: Defaulted<Date | null>;
    look_at: Date | null;
  };
  account_bills: {
    account_id: string;
    /** The first day of it; read it as text, the driver makes a local time of it. */
    month: string;
    model_calls: number;
    input_tokens: number;
    output_tokens: number;
    llm_nano_usd: number;
    compute_nano_usd: number;
  };
  account_exports: {
    id: string;
    account_id: string;
    key_id: string;
    status: AccountExport['status'];
    as_of: Defaulted<Date | null>;
    counts: ColumnType<Record<string, number>, string | undefined, string>;
    parts: ColumnType<StoredPart[], string | undefined, string>;
    error: JsonOrNull<{ code: string; message: string }>;
    attempts: Defaulted<number>;
    requested_at: Date;
    completed_at: Defaulted<Date | null>;
    expires_at: Defaulted<Date | null>;
    claimed_until: Defaulted<Date | null>;
  };
}
