// An export of an account as its owner sees it. What is in the archive: docs/accounts.md.
import { z } from 'zod';

/** Named in docs/limits.md, too. The CLI in a sandbox needs none of them. */
export const EXPORT_LIMITS = {
  /** Bytes of one part of an archive: what a cut connection costs. */
  exportPartBytes: 64 * 1024 * 1024,
  /** Parts of one archive: 256 GiB as they are. */
  exportParts: 4_096,
  /** Bytes of lines in one file of an archive, about: what is in memory at a time. */
  exportFileBytes: 2 * 1024 * 1024,
  /** How long an archive is kept, and how often it is begun anew when it was cut off. */
  exportKeptMs: 7 * 86_400_000,
  exportAttempts: 3,
  /** Archives of one account that are kept at a time. */
  exportsPerAccount: 5,
} as const;

const Count = z.number().int().min(0);

export const ExportPart = z.object({
  number: z.number().int().min(1),
  size: Count,
  sha256: z.string(),
});
export type ExportPart = z.infer<typeof ExportPart>;

export const AccountExport = z
  .object({
    id: z.uuid(),
    accountId: z.uuid(),
    keyId: z.uuid().describe('The key that asked for it'),
    status: z.enum(['running', 'ready', 'failed']),
    asOf: z.iso.datetime().nullable().describe('The moment whose data it is, all of it'),
    counts: z.record(z.string(), Count).describe('What is in it until now, by folder of the archive'),
    size: Count.describe('Bytes of the archive until now'),
    parts: z.array(ExportPart).describe('One after the other they are the archive'),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    requestedAt: z.iso.datetime(),
    completedAt: z.iso.datetime().nullable(),
    expiresAt: z.iso.datetime().nullable().describe('When the archive goes'),
  })
  .meta({ id: 'AccountExport' });
export type AccountExport = z.infer<typeof AccountExport>;
