// A server whose packs lie in the folder that it is told: settings cannot say that. imports.ts starts it.
import { createLog } from '../../src/lib/log.ts';
import { startServer } from '../../src/server/server.ts';
import { readServerSettings } from '../../src/server/settings.ts';

// When the measurement ends, so does this.
process.once('disconnect', () => process.exit());
process.on('message', async (message: { packs: string } | 'cpu') => {
  if (message === 'cpu') return void process.send?.({ cpuMs: cpuMs() });
  const settings = readServerSettings();
  const packs = { ...settings.packs, folder: new URL(message.packs), config: new URL('none.ts', message.packs) };
  const { url } = await startServer({ ...settings, packs }, createLog('server', 'error'));
  // Since the process began.
  process.send?.({ url, readyMs: performance.now(), cpuMs: cpuMs() });
});

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
