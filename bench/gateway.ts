// npm run bench -- gateway: what the gateway adds to the time until a model's first byte, how many streams one
// server holds open with all of them going on, and what one takes.
import { measureGateway } from './gateway/measure.ts';
import { round } from './statistics.ts';
import { printTable } from './table.ts';

const measured = await measureGateway((what) => process.stderr.write(`· ${what}\n`));
printTable([
  ['gateway', 'measured'],
  ['first byte, the upstream asked directly, median', ms(measured.gatewayDirectMs)],
  ['first byte through the gateway, median', ms(measured.gatewayThroughMs)],
  ['added by the gateway', ms(measured.gatewayAddedMs)],
  ['streams open at once, all going on', String(measured.gatewayStreams)],
  ['memory of the server for each', `${round(measured.gatewayBytesPerStream / 1024)} KiB`],
]);
const rounded = Object.entries(measured).map(([name, value]) => [name, round(value, 3)]);
process.stdout.write(`${JSON.stringify(Object.fromEntries(rounded))}\n`);

function ms(value: number): string {
  return `${round(value, 2)} ms`;
}
