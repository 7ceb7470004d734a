/** Typed events: `Events` maps each name to what its listeners get. */
export class Emitter<Events> {
  readonly #listeners: { [K in keyof Events]?: Set<(event: Events[K]) => void> } = {};

  /** Calling the result takes the listener off again. */
  on<K extends keyof Events>(name: K, listener: (event: Events[K]) => void): () => void {
    const listeners = (this.#listeners[name] ??= new Set());
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /** In the order in which they came. One that throws keeps nothing from the others, and is told of as uncaught. */
  emit<K extends keyof Events>(name: K, event: Events[K]): void {
    for (const listener of [...(this.#listeners[name] ?? [])]) {
      try {
        listener(event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
