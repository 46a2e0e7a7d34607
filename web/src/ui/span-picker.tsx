// Chooses a span of time: one of those that the page offers, or from one day to another.
import { lastWeek, type SpanSearch } from '../format/spans.ts';
import { classNames } from './class-names.ts';
import { INPUT_LOOK, SelectField } from './fields.tsx';

interface SpanPickerProps {
  offered: readonly { value: string; label: string }[];
  /** The first of those is meant where `span` is missing. */
  value: SpanSearch;
  onChange(value: SpanSearch): void;
}

export function SpanPicker({ offered, value, onChange }: SpanPickerProps) {
  const { span = offered[0]?.value ?? '', from = '', to = '' } = value;
  const choose = (chosen: string) => {
    if (chosen === 'own') onChange(lastWeek(Date.now()));
    else onChange(chosen === offered[0]?.value ? {} : { span: chosen });
  };
  return (
    <div className="flex flex-wrap items-center gap-2">
      <SelectField
        label="Time"
        labelHidden
        value={span}
        options={[...offered, { value: 'own', label: 'From … to …' }]}
        onChange={choose}
        className="w-36"
      />
      {span === 'own' && (
        <>
          <DayInput
            label="From (UTC)"
            value={from}
            max={to}
            onChange={(day) => onChange({ ...value, from: day })}
          />
          <span aria-hidden="true" className="text-muted">
            –
          </span>
          <DayInput
            label="To (UTC), included"
            value={to}
            min={from}
            onChange={(day) => onChange({ ...value, to: day })}
          />
        </>
      )}
    </div>
  );
}

interface DayInputProps {
  label: string;
  value: string;
  min?: string;
  max?: string;
  onChange(day: string): void;
}

function DayInput({ label, onChange, ...input }: DayInputProps) {
  return (
    <input
      type="date"
      aria-label={label}
      title={label}
      {...input}
      onChange={(event) => onChange(event.currentTarget.value)}
      className={classNames(INPUT_LOOK, 'w-36! px-2')}
    />
  );
}
