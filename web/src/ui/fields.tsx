// Labelled controls of forms and filters, each tied to its explanation and its error for screen readers.
import { type ComponentProps, type ReactNode, type RefObject, useEffect, useId, useRef } from 'react';
import { lastWeek, type SpanSearch } from '../format/spans.ts';
import { classNames } from './class-names.ts';
import { Icon } from './icon.tsx';
import { useShortcut } from './keyboard.ts';

/** 16 px on phones: smaller text makes them zoom in. */
const INPUT_LOOK =
  'h-8 w-full rounded-md border border-control bg-surface px-3 text-lg md:text-base text-ink placeholder:text-faint aria-invalid:border-bad';

interface FieldProps extends Omit<ComponentProps<'input'>, 'onChange' | keyof Labels>, Labels {
  onChange?(text: string): void;
}

export function Field({ label, hint, error, className, onChange, ...input }: FieldProps) {
  return (
    <Labelled
      {...{ label, hint, error, className }}
      control={(tied) => (
        <input
          {...tied}
          {...input}
          onChange={onChange && ((event) => onChange(event.currentTarget.value))}
          className={INPUT_LOOK}
        />
      )}
    />
  );
}

interface SearchProps extends Omit<ComponentProps<'input'>, 'onChange'> {
  label: string;
  onChange(text: string): void;
}

/** The search of a page: `/` leads here, Escape empties it and leaves. */
export function SearchField({ label, onChange, className, ...input }: SearchProps) {
  const ref = useRef<HTMLInputElement>(null);
  useShortcut('/', 'Search', () => {
    ref.current?.focus();
    ref.current?.select();
  });
  return (
    <div className={classNames('relative', className)}>
      <Icon name="search" className="pointer-events-none absolute top-2 left-2.5 text-faint" />
      <input
        ref={ref}
        type="search"
        aria-label={label}
        placeholder={label}
        autoComplete="off"
        spellCheck={false}
        {...input}
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.preventDefault();
          onChange('');
          event.currentTarget.blur();
        }}
        className={classNames(INPUT_LOOK, 'pl-8')}
      />
    </div>
  );
}

interface SelectProps extends Omit<ComponentProps<'select'>, 'onChange' | keyof Labels>, Labels {
  options: readonly { value: string; label: string }[];
  onChange(value: string): void;
}

export function SelectField(props: SelectProps) {
  const { label, labelHidden, hint, error, options, onChange, className, ...select } = props;
  return (
    <Labelled
      {...{ label, labelHidden, hint, error, className }}
      control={(tied) => (
        <select
          {...tied}
          {...select}
          onChange={(event) => onChange(event.currentTarget.value)}
          className={classNames(INPUT_LOOK, 'pr-2 pl-2.5')}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    />
  );
}

export interface FilterFieldProps<Value extends string> {
  label: string;
  labelHidden?: boolean;
  /** The words for no choice, such as "Any status". */
  any: string;
  value: Value | undefined;
  options: readonly { value: Value; label: string }[];
  onChange(value: Value | undefined): void;
  className?: string;
}

export function FilterField<Value extends string>(props: FilterFieldProps<Value>) {
  const { any, value, options, onChange, labelHidden = true, ...rest } = props;
  return (
    <SelectField
      {...rest}
      labelHidden={labelHidden}
      value={value ?? ''}
      options={[{ value: '', label: any }, ...options]}
      onChange={(chosen) => onChange((chosen || undefined) as Value | undefined)}
    />
  );
}

interface TextAreaProps extends Omit<ComponentProps<'textarea'>, 'onChange' | keyof Labels>, Labels {
  onChange(text: string): void;
}

export function TextAreaField({ label, hint, error, onChange, className, ...area }: TextAreaProps) {
  return (
    <Labelled
      {...{ label, hint, error, className }}
      control={(tied) => (
        <textarea
          {...tied}
          {...area}
          onChange={(event) => onChange(event.currentTarget.value)}
          className="w-full rounded-md border border-control bg-surface px-3 py-2 text-lg text-ink placeholder:text-faint aria-invalid:border-bad md:text-base"
        />
      )}
    />
  );
}

interface CheckboxProps extends Omit<ComponentProps<'input'>, 'onChange' | 'type' | 'children'> {
  /** Some of what it stands for is chosen. */
  indeterminate?: boolean;
  onChange(checked: boolean): void;
  children: ReactNode;
}

export function Checkbox({ indeterminate = false, onChange, children, ...input }: CheckboxProps) {
  const ref = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (ref.current) ref.current.indeterminate = indeterminate;
  }, [indeterminate]);
  return (
    <label className="flex min-w-0 cursor-pointer items-start gap-2.5">
      <input
        ref={ref}
        type="checkbox"
        {...input}
        onChange={(event) => onChange(event.currentTarget.checked)}
        className="mt-0.5 size-4 shrink-0 cursor-pointer accent-accent"
      />
      <span className="min-w-0">{children}</span>
    </label>
  );
}

interface Labels {
  label: string;
  /** The label is only read out; for filters, whose choices say what they are. */
  labelHidden?: boolean | undefined;
  hint?: ReactNode;
  error?: ReactNode;
  className?: string | undefined;
}

type ControlProps = Pick<ComponentProps<'input'>, 'id' | 'aria-invalid' | 'aria-describedby'>;

/** What every labelled control has: its label, its explanation and its error, tied to it for screen readers. */
function Labelled(props: Labels & { control(props: ControlProps): ReactNode }) {
  const { label, labelHidden, hint, error, className, control } = props;
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className={classNames('flex flex-col gap-1', className)}>
      <label htmlFor={id} className={labelHidden ? 'sr-only' : 'font-medium'}>
        {label}
      </label>
      {control({ id, 'aria-invalid': error ? true : undefined, 'aria-describedby': described || undefined })}
      {hint && (
        <p id={`${id}-hint`} className="text-sm text-muted">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} role="alert" className="text-sm text-bad">
          {error}
        </p>
      )}
    </div>
  );
}

/** For a form that cannot be sent: leads to the first control that is wrong, once the errors are shown. */
export function focusFirstInvalid(form: RefObject<HTMLFormElement | null>): void {
  requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
}

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

function DayInput({
  label,
  onChange,
  ...input
}: Pick<SearchProps, 'label' | 'onChange' | 'value' | 'min' | 'max'>) {
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
