// What there is to say of the model that tasks have unless they name another: `scripted` is no language model.
import { useCommand, useSeed } from './use-command.ts';

/** Null: nothing, or the key may not know. */
export function useDefaultModelNote(): string | null {
  const { may } = useSeed();
  const { data } = useCommand('models list', {}, { enabled: may('models list') });
  return data?.items.find((model) => model.default)?.note ?? null;
}
