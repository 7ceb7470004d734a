import { useEffect, type Dispatch, type SetStateAction } from 'react';
import type { DialogName } from './dialogs.ts';

// The first of the two keys is a hand's breadth ahead: what is typed next is meant for the field.
const PRELOAD_KEYS = ['Control', 'Meta'];

/** Ctrl K, or Cmd K, opens the switcher and closes it again; over another dialog it does nothing. */
export function useSwitcherKeys(setDialog: Dispatch<SetStateAction<DialogName | null>>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (PRELOAD_KEYS.includes(event.key)) void import('./dialogs/Switcher.tsx');
      const isAsked = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k';
      if (!isAsked) return;
      // A browser would go to its own search field.
      event.preventDefault();
      setDialog((current) => {
        if (current === null) return { kind: 'switcher' };
        return current.kind === 'switcher' ? null : current;
      });
    };
    window.addEventListener('keydown', onKey);
    return () => {
      window.removeEventListener('keydown', onKey);
    };
  }, [setDialog]);
}
