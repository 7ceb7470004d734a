import { useCallback, useEffect, useState } from 'react';
import type { ErrorBody, Result } from '../state/index.ts';

export type Asked<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly error: ErrorBody };

/** Asks once when the component is shown, and again when `again` is called. */
export function useAsk<T>(ask: () => Promise<Result<T>>): { asked: Asked<T>; again: () => void } {
  const [asked, setAsked] = useState<Asked<T>>({ state: 'loading' });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    void ask().then((result) => {
      if (isCurrent) setAsked(result.ok ? { state: 'ready', value: result.value } : { state: 'failed', error: result.error });
    });
    return () => {
      isCurrent = false;
    };
  }, [ask, round]);
  const again = useCallback(() => {
    setRound((before) => before + 1);
  }, []);
  return { asked, again };
}

/** Does one thing at a time and keeps what came of it. */
export function useDo(): {
  isBusy: boolean;
  error: ErrorBody | null;
  isDone: boolean;
  run: (action: () => Promise<Result<unknown>>, then?: () => void) => void;
} {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorBody | null>(null);
  const [isDone, setDone] = useState(false);
  const run = useCallback((action: () => Promise<Result<unknown>>, then?: () => void) => {
    setBusy(true);
    setError(null);
    setDone(false);
    void action().then((result) => {
      setBusy(false);
      if (result.ok) {
        setDone(true);
        then?.();
      } else {
        setError(result.error);
      }
    });
  }, []);
  return { isBusy, error, isDone, run };
}
