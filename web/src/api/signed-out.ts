// Told by whichever request hears first that the session is over; the router then shows the sign-in page.
import type { SeedError } from '../../../src/protocol/errors.ts';

let listener: (why: SeedError) => void = () => {};

export function onSignedOut(then: (why: SeedError) => void): void {
  listener = then;
}

export function signedOut(why: SeedError): void {
  listener(why);
}
