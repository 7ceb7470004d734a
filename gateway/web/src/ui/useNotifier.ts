import { createContext, useContext, useState } from 'react';
import type { AlertLevel, Notifier, Permission } from './notifier.ts';

export const NotifierContext = createContext<Notifier | null>(null);

/** What is chosen now, what the browser lets us, and a way to choose. */
export function useNotifier(): { level: AlertLevel; permission: Permission; choose: (level: AlertLevel) => void } {
  const notifier = useContext(NotifierContext);
  if (notifier === null) throw new Error('there is no notifier around this component');
  const [, setRound] = useState(0);
  return {
    level: notifier.level,
    permission: notifier.permission,
    choose: (level) => {
      void notifier.choose(level).then(() => {
        setRound((before) => before + 1);
      });
    },
  };
}
