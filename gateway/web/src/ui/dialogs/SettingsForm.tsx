import { useState, type SubmitEvent } from 'react';
import type { ErrorBody, Settings } from '../../state/index.ts';
import { Choice, Problem, Success } from './Parts.tsx';
import { text } from '../text.ts';

const TOPIC_CHARACTERS = 250;
const SLOW_STEPS = [5, 10, 30, 60, 300, 900, 3_600] as const;
const SECONDS_PER_DAY = 86_400;

interface SettingsFormProps {
  settings: Settings;
  /** Shown above, as for a new room's name. */
  children?: React.ReactNode;
  submit: string;
  isBusy: boolean;
  error: ErrorBody | string | null;
  isDone: boolean;
  onSubmit: (changed: Settings) => void;
}

/** What a room is set to. Tells only what was changed. */
export function SettingsForm({ settings, children, submit, isBusy, error, isDone, onSubmit }: SettingsFormProps) {
  const [next, setNext] = useState(settings);
  const slow = next.slowSeconds ?? 0;
  const steps = [...new Set([0, ...SLOW_STEPS, slow])].sort((a, b) => a - b);
  const change = (changed: Settings): void => {
    setNext({ ...next, ...changed });
  };
  const onForm = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const changed = Object.entries(next).filter(([key, value]) => settings[key as keyof Settings] !== value);
    onSubmit(Object.fromEntries(changed));
  };
  return (
    <form className="form form-scroll" onSubmit={onForm} noValidate>
      {children}
      <label className="field">
        <span>{text.dialogs.details.topic}</span>
        <input
          value={next.topic ?? ''}
          maxLength={TOPIC_CHARACTERS}
          placeholder={text.dialogs.create.topicHint}
          data-testid="settings-topic"
          onChange={(event) => {
            change({ topic: event.target.value });
          }}
        />
      </label>
      <Choice
        label={text.dialogs.details.access}
        value={next.access ?? 'public'}
        options={text.dialogs.details.accessOf}
        testId="settings-access"
        onChange={(access) => {
          change({ access });
        }}
      />
      <Choice
        label={text.dialogs.details.write}
        value={next.write ?? 'everyone'}
        options={text.dialogs.details.writeOf}
        testId="settings-write"
        onChange={(write) => {
          change({ write });
        }}
      />
      <Choice
        label={text.dialogs.details.slow}
        value={String(slow)}
        options={Object.fromEntries(
          steps.map((seconds) => [String(seconds), seconds === 0 ? text.dialogs.details.slowOff : text.dialogs.details.slowOf(seconds)]),
        )}
        testId="settings-slow"
        onChange={(seconds) => {
          change({ slowSeconds: Number(seconds) });
        }}
      />
      <div className="field-pair">
        <NumberField
          label={text.dialogs.details.history}
          value={next.historyMessages ?? 0}
          testId="settings-history"
          onChange={(historyMessages) => {
            change({ historyMessages });
          }}
        />
        <NumberField
          label={text.dialogs.details.age}
          value={Math.ceil((next.historySeconds ?? 0) / SECONDS_PER_DAY)}
          testId="settings-age"
          onChange={(days) => {
            change({ historySeconds: days * SECONDS_PER_DAY });
          }}
        />
      </div>
      <p className="hint">{text.dialogs.details.historyHint}</p>
      <Problem error={error} />
      <div className="dialog-actions">
        <Success>{isDone ? text.dialogs.details.saved : null}</Success>
        <button type="submit" className="button button-primary" disabled={isBusy} data-testid="settings-save">
          {submit}
        </button>
      </div>
    </form>
  );
}

interface NumberFieldProps {
  label: string;
  value: number;
  testId: string;
  onChange: (value: number) => void;
}

function NumberField({ label, value, testId, onChange }: NumberFieldProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <input
        type="number"
        inputMode="numeric"
        min={0}
        value={value === 0 ? '' : value}
        data-testid={testId}
        onChange={(event) => {
          const wanted = Math.floor(Number(event.target.value));
          onChange(Number.isSafeInteger(wanted) && wanted > 0 ? wanted : 0);
        }}
      />
    </label>
  );
}
