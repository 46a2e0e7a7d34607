// The gate that access/ gives to the routes of other features.
import type { Gate } from '../http/gate.ts';
import { type AuditTrail, audited } from './audit-trail.ts';
import { type AuthenticateNeeds, authenticate, identifyKey } from './authenticate.ts';
import { identifyKeyOrSession } from './session-cookie.ts';

export function openGate(needs: AuthenticateNeeds, audit: AuditTrail): Gate {
  return {
    authenticate: (c, { counted, sessions }) =>
      authenticate(c, needs, { counted, identify: sessions ? identifyKeyOrSession : identifyKey }),
    audited: (c, route, answer) => audited(c, audit, route, answer),
  };
}
