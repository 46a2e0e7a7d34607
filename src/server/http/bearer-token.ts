// The bearer token of a request (RFC 6750, section 2.1).
import { SeedError } from '../../protocol/errors.ts';

/** The token of `Bearer <token>`. @throws SeedError not_authenticated */
export function bearerToken(header: string | undefined): string {
  const match = header?.match(/^Bearer +([\x21-\x7e]{1,512})$/i);
  if (match?.[1]) return match[1];
  throw new SeedError(
    'not_authenticated',
    header ? 'the Authorization header is not a bearer token' : 'no API key was sent',
    {
      hint: 'Send the header "Authorization: Bearer sk_live_…"; with the CLI, set SEED_API_KEY or run seed login.',
    },
  );
}
