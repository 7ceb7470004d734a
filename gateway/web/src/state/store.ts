export interface Store<S, E> {
  readonly getState: () => S;
  readonly dispatch: (event: E) => void;
  /** `listener` runs after changes, at most once for those that came together. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Has listeners run now if they are to: for what a key does, which the next key may build on. */
  readonly flush: () => void;
}

/** Runs `notify` soon: with the next picture drawn, or at once in tests. */
export type Schedule = (notify: () => void) => void;

export function createStore<S, E>(reduce: (state: S, event: E) => S, initial: S, schedule: Schedule): Store<S, E> {
  let state = initial;
  let scheduled = false;
  const listeners = new Set<() => void>();
  const notify = (): void => {
    if (!scheduled) return;
    scheduled = false;
    for (const listener of [...listeners]) listener();
  };
  return {
    getState: () => state,
    dispatch(event) {
      const next = reduce(state, event);
      if (next === state) return;
      state = next;
      if (scheduled) return;
      scheduled = true;
      schedule(notify);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    flush: notify,
  };
}
