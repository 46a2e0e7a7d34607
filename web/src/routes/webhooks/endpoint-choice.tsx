// One of the account's webhooks, or all of them.
import { usePages } from '../../api/use-command.ts';
import { SelectField } from '../../ui/select-field.tsx';

interface EndpointChoiceProps {
  labelHidden?: boolean;
  /** Empty: all. */
  value: string;
  onChange(id: string): void;
  className?: string;
}

/** As many as an account may have. */
const MOST = 100;

export function EndpointChoice({ value, ...rest }: EndpointChoiceProps) {
  const { items } = usePages('webhooks list', { limit: MOST });
  const known = items.map(({ id, url }) => ({ value: id, label: url }));
  const isMissing = value !== '' && !items.some(({ id }) => id === value);
  return (
    <SelectField
      label="Webhook"
      {...rest}
      value={value}
      options={[
        { value: '', label: 'All webhooks' },
        ...known,
        ...(isMissing ? [{ value, label: `Deleted: ${value.slice(0, 8)}` }] : []),
      ]}
    />
  );
}
