// What the vendor starts: Hono's zero-config entry. Everything else is in seed/, made by deploy/vercel/build.ts.
import { Hono } from 'hono';
import { seed } from './seed/src/vercel/function.js';

const app = new Hono();
app.all('*', (c) => seed.fetch(c.req.raw));
process.once('SIGTERM', () => void seed.end().finally(() => process.exit(0)));

// biome-ignore lint/style/noDefaultExport: the vendor takes what is exported so
export default app;
