/** What several dialogs are made of. */

import './dialogs.css';
import { useRef, type KeyboardEvent, type ReactNode } from 'react';
import type { ErrorBody } from '../../state/index.ts';
import { Icon } from '../Icon.tsx';
import type { Asked } from '../useAsk.ts';
import { errorText, text } from '../text.ts';

export function Problem({ error }: { error: ErrorBody | string | null }) {
  if (error === null) return null;
  return (
    <p className="field-error" role="alert" data-testid="dialog-error">
      <Icon name="alert" />
      <span>{typeof error === 'string' ? error : errorText(error)}</span>
    </p>
  );
}

export function Success({ children }: { children: string | null }) {
  return (
    <p className="field-done" role="status" data-testid="dialog-done">
      {children !== null && (
        <>
          <Icon name="check" />
          <span>{children}</span>
        </>
      )}
    </p>
  );
}

interface LoadedProps<T> {
  asked: Asked<T>;
  again: () => void;
  children: (value: T) => ReactNode;
}

/** What was asked for, or that it is on its way, or why it is not to be had. */
export function Loaded<T>({ asked, again, children }: LoadedProps<T>) {
  switch (asked.state) {
    case 'loading':
      return (
        <p className="list-empty" role="status">
          {text.dialogs.details.loading}
        </p>
      );
    case 'failed':
      return (
        <div className="list-empty">
          <Problem error={asked.error} />
          <button type="button" className="button button-quiet" onClick={again}>
            {text.dialogs.details.refresh}
          </button>
        </div>
      );
    case 'ready':
      return children(asked.value);
  }
}

interface TabsProps<T extends string> {
  label: string;
  tabs: readonly { readonly id: T; readonly label: string }[];
  current: T;
  onChoose: (tab: T) => void;
}

export function Tabs<T extends string>({ label, tabs, current, onChoose }: TabsProps<T>) {
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const index = (tabs.findIndex(({ id }) => id === current) + step + tabs.length) % tabs.length;
    const next = tabs[index];
    if (next === undefined) return;
    onChoose(next.id);
    list.current?.querySelectorAll<HTMLElement>('[role="tab"]')[index]?.focus();
  };
  return (
    <div className="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
      {tabs.map(({ id, label: words }) => (
        <button
          key={id}
          type="button"
          role="tab"
          id={`dialog-tab-${id}`}
          aria-selected={id === current}
          aria-controls="dialog-panel"
          tabIndex={id === current ? 0 : -1}
          data-testid={`dialog-tab-${id}`}
          onClick={() => {
            onChoose(id);
          }}
        >
          {words}
        </button>
      ))}
    </div>
  );
}

export function TabPanel({ tab, children }: { tab: string; children: ReactNode }) {
  return (
    <div className="dialog-panel" role="tabpanel" id="dialog-panel" aria-labelledby={`dialog-tab-${tab}`} tabIndex={-1}>
      {children}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: Readonly<Record<string, string>>;
  testId: string;
  isDisabled?: boolean;
  onChange: (value: string) => void;
}

export function Choice({ label, value, options, testId, isDisabled = false, onChange }: ChoiceProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <select
        value={value}
        disabled={isDisabled}
        data-testid={testId}
        onChange={(event) => {
          onChange(event.target.value);
        }}
      >
        {Object.entries(options).map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
