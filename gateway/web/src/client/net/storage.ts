/** The part of `localStorage` and `sessionStorage` that is used. */
export interface KeyValue {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
}

/**
 * A browser's storage. Where it is forbidden or full the page goes on, and only forgets on reload.
 */
export function browserStorage(area: () => Storage): KeyValue {
  const guarded = <T>(action: (storage: Storage) => T, otherwise: T): T => {
    try {
      return action(area());
    } catch {
      return otherwise;
    }
  };
  return {
    get: (key) => guarded((storage) => storage.getItem(key), null),
    set: (key, value) => {
      guarded((storage) => {
        storage.setItem(key, value);
      }, undefined);
    },
    remove: (key) => {
      guarded((storage) => {
        storage.removeItem(key);
      }, undefined);
    },
  };
}

/** Parses what a storage holds; `null` for nothing, or for what is no JSON. */
export function readJson(storage: KeyValue, key: string): unknown {
  const text = storage.get(key);
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
