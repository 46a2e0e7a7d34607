// Names of keys by their ids, as far as this key may see them.
import { useCommand, useSeed } from '../../api/use-command.ts';

/** The newest; older ones are shown by the beginning of their ids. */
const KEYS_MOST = 100;

export interface KeyNames {
  keys: readonly { id: string; name: string }[];
  nameOf(id: string): string;
}

export function useKeyNames(): KeyNames {
  const { key, may } = useSeed();
  const { data, isLoading } = useCommand('keys list', { limit: KEYS_MOST }, { enabled: may('keys list') });
  const keys = data?.items ?? [];
  const nameOf = (id: string) => {
    if (id === key.id) return key.name;
    if (isLoading) return '…';
    return keys.find((one) => one.id === id)?.name ?? `key ${id.slice(0, 8)}`;
  };
  return { keys, nameOf };
}
