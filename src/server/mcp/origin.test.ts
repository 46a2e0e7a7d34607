import { expect, it } from 'vitest';
import { refuseForeignOrigin } from './origin.ts';

const LISTED = ['https://console.example.com'];

it.each([
  [undefined, 'seed.example.com'],
  [undefined, 'evil.example.com'],
  ['http://localhost:5173', '127.0.0.1:3210'],
  ['http://127.0.0.1:6274', 'localhost:3210'],
  ['http://[::1]:6274', '[::1]:3210'],
  ['http://10.0.0.7:3210', '10.0.0.7:3210'],
  ['https://console.example.com', 'seed.example.com'],
])('%s may call %s', (origin, host) => {
  expect(() => refuseForeignOrigin(origin, host, LISTED)).not.toThrow();
});

it.each([
  ['http://evil.example.com', '127.0.0.1:3210'],
  ['http://evil.example.com:3210', 'evil.example.com:3210'],
  ['http://localhost', 'seed.example.com'],
  ['http://localhost.evil.example.com', 'localhost'],
  ['http://10.0.0.8', '10.0.0.7'],
  ['http://console.example.com', 'seed.example.com'],
  ['null', '127.0.0.1:3210'],
  ['http://localhost', undefined],
])('%s may not call %s', (origin, host) => {
  expect(() => refuseForeignOrigin(origin, host, LISTED)).toThrow(
    expect.objectContaining({ code: 'origin_not_allowed', status: 403 }),
  );
});
