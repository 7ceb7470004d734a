import { createContext, useContext, useSyncExternalStore } from 'react';
import type { App, AppState } from '../state/index.ts';

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error('there is no app around this component');
  return app;
}

/** A part of the state. `select` must give the same object for the same state. */
export function useSelect<T>(select: (state: AppState) => T): T {
  const { store } = useApp();
  return useSyncExternalStore(store.subscribe, () => select(store.getState()));
}
