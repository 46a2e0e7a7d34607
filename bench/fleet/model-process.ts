// The model of the measurement, in a process of its own. Started by processes.ts.
import { startModelServer } from '../start/model-server.ts';

const { url } = await startModelServer();
process.send?.({ url });
process.once('disconnect', () => process.exit());
