// The schedules that packs declare for their commands. A pack runs nothing by itself: an account switches them on,
// and they run for the key that did so. Called by commands.ts.
import type { Call } from '../../command/call.ts';
import { isObject } from '../../command/define-command.ts';
import { SeedError } from '../../protocol/errors.ts';
import { type DeclaredSchedule, type Schedule, ScheduleCreation } from '../../protocol/schedule.ts';
import { change, create } from './make.ts';
import type { WorkNeeds } from './work.ts';

/** Each is named after its command; one that is there already gets the times that the pack declares now. */
export async function enableOfPack(call: Call, pack: string, needs: WorkNeeds): Promise<Schedule[]> {
  const declared = needs.commands().flatMap((command) => {
    const isOf = command.platform?.pack === pack && isObject(command);
    return isOf && command.schedule !== undefined ? [{ name: command.name, ...timesOf(command.schedule) }] : [];
  });
  if (declared.length === 0)
    throw new SeedError('not_found', `no command of a pack "${pack}" declares a schedule`, {
      hint: '`seed packs list` shows which packs are on.',
    });
  const made: Schedule[] = [];
  for (const { name, cron, timezone } of declared) {
    const there = await call.store.db
      .selectFrom('schedules')
      .select('id')
      .where('account_id', '=', call.actor.accountId)
      .where('name', '=', name)
      .where('command', '=', name)
      .executeTakeFirst();
    const own = { ...call, creationId: crypto.randomUUID() };
    const wanted = ScheduleCreation.parse({ name, command: name, cron, timezone });
    made.push(there ? await change(own, there.id, { cron, timezone }, needs) : await create(own, wanted, needs));
  }
  return made;
}

function timesOf(declared: DeclaredSchedule): { cron: string; timezone: string } {
  return typeof declared === 'string' ? { cron: declared, timezone: 'UTC' } : declared;
}
