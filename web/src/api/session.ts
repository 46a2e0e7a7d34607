// Signing in and out: the server gives the browser a cookie that no script can read. Nothing of the key is kept here.
import { request } from './request.ts';

/** @throws AnswerError with the key's own code when it is not accepted */
export async function signIn(key: string): Promise<void> {
  await request('/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ key }),
  });
}

/** @param everywhere ends the sessions of this key in all browsers */
export async function signOut(everywhere = false): Promise<void> {
  await request(everywhere ? '/session?everywhere=true' : '/session', { method: 'DELETE' });
}
