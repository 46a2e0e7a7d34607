// The server process. Started by src/main.ts, or by itself next to runners elsewhere: node src/server/main.ts
import { createLog } from '../lib/log.ts';
import { exitOnFailure, logSurprises, stopOnSignal } from '../lib/process-life.ts';
import { startServer } from './server.ts';
import { readServerSettings } from './settings.ts';

await exitOnFailure(async () => {
  const settings = readServerSettings();
  const log = createLog('server', settings.logLevel);
  const server = await startServer(settings, log);
  stopOnSignal(log, () => server.stop());
  logSurprises(log, () => server.stop());
  // Whoever keeps this process running starts it again, and the database with it.
  void server.databaseLost.then(() => process.exit(1));
  const { url, defaultModel: model, packs, notices } = server;
  log.info({ url, model, packs }, 'listening');
  // Under src/main.ts all this goes to the parent, which prints it among what else it says.
  if (process.connected) {
    process.send?.({ ready: { url, adminKey: server.newAdminKey, model, packs, notices } });
    return;
  }
  for (const notice of notices) log.warn(notice);
  if (server.newAdminKey) announceKey(server.newAdminKey);
});

function announceKey(secret: string): void {
  process.stdout.write(`\nYour admin key, shown this once:\n\n  ${secret}\n\n`);
}
