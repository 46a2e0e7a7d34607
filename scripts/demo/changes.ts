// What a task has changed, from its ledger.
import type { LedgerEntry } from '../../src/protocol/ledger.ts';
import type { Page } from '../../src/protocol/page.ts';
import { type Connection, call } from './show.ts';

/** `emails draft, records flag × 10`, or `nothing`. What was cut off may have changed something, and says so. */
export async function changesOf(connection: Connection, taskId: string): Promise<string> {
  const path = `/tasks/${taskId}/ledger?limit=100`;
  const { items } = await call<Page<LedgerEntry>>(connection, 'GET', path);
  const done = items.filter(
    ({ effect, outcome }) => effect !== 'read' && (outcome === 'ok' || outcome === 'unknown'),
  );
  const named = ({ command, outcome }: LedgerEntry) => (outcome === 'ok' ? command : `${command} (unknown)`);
  const groups = [...Map.groupBy(done, named)].map(([command, entries]) =>
    entries.length === 1 ? command : `${command} × ${entries.length}`,
  );
  return groups.join(', ') || 'nothing';
}
