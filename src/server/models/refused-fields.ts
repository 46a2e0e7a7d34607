// What upstreams have refused of what the gateway itself put into requests: it is left out from then on, while
// this server runs. Models have names that nobody can tell them by, such as Azure's deployments. Owned by the
// gateway.
import type { ChatRequest } from './chat-request.ts';
import type { ModelProfile } from './model-profile.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** Bad request and unprocessable content: with them a field is refused. */
const STATUSES: readonly (number | null)[] = [400, 422];
/** More are not remembered. */
const MODELS_MOST = 1_000;

type Profile = Pick<ModelProfile, 'sampling' | 'maxTokensField'>;

export class RefusedFields {
  readonly #byModel = new Map<string, Set<string>>();

  /** The profile without what the model's upstream has refused. */
  without<Known extends Profile>(model: string, profile: Known): Known {
    const refused = this.#byModel.get(model);
    if (refused === undefined) return profile;
    const left = Object.entries(profile.sampling).filter(([name]) => !refused.has(name));
    const maxTokensField = refused.has('max_tokens') ? 'max_completion_tokens' : profile.maxTokensField;
    return { ...profile, sampling: Object.fromEntries(left), maxTokensField };
  }

  /**
   * Called with what a call failed with, and the request as its caller sent it.
   * @returns whether the same call would now be another request
   */
  learn(model: string, request: ChatRequest, profile: Profile, error: unknown): boolean {
    if (!(error instanceof UpstreamFailure) || !STATUSES.includes(error.upstreamStatus)) return false;
    const before = this.#byModel.get(model) ?? new Set<string>();
    const says = (name: string) => new RegExp(`\\b${name}\\b`, 'i').test(error.message);
    const own = Object.entries(profile.sampling)
      .filter(([name, value]) => value !== null && (request[name] ?? null) === null)
      .map(([name]) => name);
    // OpenAI's reasoning models name the field that they take in place of the one that they refuse.
    const isOlder = profile.maxTokensField === 'max_tokens' && says('max_tokens') && says('max_completion_tokens');
    const refused = [...own.filter(says), ...(isOlder ? ['max_tokens'] : [])].filter((name) => !before.has(name));
    if (refused.length === 0 || (before.size === 0 && this.#byModel.size >= MODELS_MOST)) return false;
    this.#byModel.set(model, new Set([...before, ...refused]));
    return true;
  }
}
