import { describe, expect, test } from 'vitest';
import { SeedError } from '../../protocol/errors.ts';
import { chooseDistribution, parseOsRelease, parseSources } from './distribution.ts';

const DEBIAN = parseOsRelease(
  'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n',
);
const UBUNTU = parseOsRelease('ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n');

describe('chooseDistribution', () => {
  test('takes trixie from the mirror of the machine’s own release', () => {
    const sources = parseSources(
      'http://other.example/x nodistro main\nhttp://mirror.example/debian/ bookworm main\nhttp://mirror.example/security/ bookworm-security main\n',
    );
    expect(chooseDistribution(DEBIAN, sources)).toEqual({
      mirror: 'http://mirror.example/debian/',
      suite: 'trixie',
      components: ['main'],
      keyring: '/usr/share/keyrings/debian-archive-keyring.gpg',
    });
  });

  test('takes Ubuntu’s own release with universe', () => {
    const sources = parseSources('http://mirror.example/ubuntu/ noble main\n');
    expect(chooseDistribution(UBUNTU, sources)).toMatchObject({
      suite: 'noble',
      components: ['main', 'universe'],
    });
  });

  test('says what to do elsewhere and without a mirror', () => {
    expect(() => chooseDistribution({ ID: 'fedora', PRETTY_NAME: 'Fedora 44' }, [])).toThrow('Fedora 44');
    expect(() => chooseDistribution(DEBIAN, [])).toThrow(SeedError);
  });
});
