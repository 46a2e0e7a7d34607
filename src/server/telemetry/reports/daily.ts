// The requests of each day within the groups of a report. Called for `obs requests --daily`.
import { sql } from 'kysely';
import type { Db } from '../../../db/tables.ts';
import type { RequestsBy } from '../../../protocol/obs.ts';
import { GROUP } from './groups.ts';
import { callRows, type Wanted } from './rows.ts';

/**
 * @param groups those to look at
 * @param days `2026-11-24`, in order
 * @returns for each group its requests, one number a day
 */
export async function requestsByDay(
  db: Db,
  by: RequestsBy,
  wanted: Wanted,
  { groups, days }: { groups: readonly string[]; days: readonly string[] },
): Promise<Map<string, number[]>> {
  const counts = new Map(groups.map((group) => [group, days.map(() => 0)]));
  if (groups.length === 0) return counts;
  const { rows } = await sql<{ group: string; day: string; requests: number }>`
    select "group", day, count(*) as requests
    from (select ${GROUP[by]} as "group", ${GROUP.day} as day from (${callRows(wanted)}) as there) as grouped
    where "group" in (${sql.join(groups)})
    group by "group", day`.execute(db);
  for (const { group, day, requests } of rows) {
    const ofGroup = counts.get(group);
    if (ofGroup) ofGroup[days.indexOf(day)] = requests;
  }
  return counts;
}
