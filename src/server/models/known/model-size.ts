// The size of a model, as it stands in its name or as its upstream tells it, and what follows from a small one.
import type { ModelFacts } from '../model-profile.ts';

const BILLION = 1_000_000_000;
/** Below it a model is small. */
const SMALL_BELOW = 10 * BILLION;
/**
 * Measured with Qwen2.5-Coder Instruct 1.5B: with bash alone and a short prompt it got five to six of six first
 * answers right, with four tools two; and with this temperature it finished tasks that it did not at 0.8.
 */
const SMALL_TEMPERATURE = 0.2;

/** `8x7b`, `1.5b`, `e4b` (Gemma's), `350m`, `1t`; `a3b` are the experts at work, and no size. */
const SIZES =
  /(?<![a-z0-9.])e?(?:(?<experts>\d{1,3})x)?(?<count>\d{1,4}(?:\.\d{1,3})?)(?<unit>[bmt])(?![a-z0-9])/g;
const UNITS: Record<string, number> = { m: BILLION / 1_000, b: BILLION, t: 1_000 * BILLION };
/** Less than this many millions is a length of context: `-1m`. */
const LEAST = 10 * (BILLION / 1_000);

/** Parameters by a model's name, such as `qwen2.5-coder:1.5b`; null: it does not say. The largest counts. */
export function sizeInName(name: string): number | null {
  const sizes = [...name.toLowerCase().matchAll(SIZES)].map(({ groups }) => {
    const { experts = '1', count, unit = '' } = groups ?? {};
    return Math.round(Number(experts) * Number(count) * (UNITS[unit] ?? 0));
  });
  const sound = sizes.filter((size) => size >= LEAST);
  return sound.length === 0 ? null : Math.max(...sound);
}

/** What holds for a model of so many parameters; nothing when that is not known. */
export function factsOfSize(parameters: number | null, { reasoning }: { reasoning: boolean }): ModelFacts {
  if (parameters === null || parameters >= SMALL_BELOW) return {};
  // Those that think are made for more warmth, and repeat themselves without it.
  return { tools: 'bash', ...(!reasoning && { sampling: { temperature: SMALL_TEMPERATURE } }) };
}
