import { useEffect, useState } from 'react';

const TICK_MS = 250;

/** Whole seconds until `at`, counted down while the component is shown. */
export function useSecondsUntil(at: number | null): number {
  const now = useNow(at);
  return at === null ? 0 : Math.max(0, Math.ceil((at - now) / 1000));
}

/** The time, kept up to date until `at` has come. */
export function useNow(at: number | null): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (at === null) return;
    const tick = (): void => {
      const time = Date.now();
      setNow(time);
      if (time >= at) clearInterval(timer);
    };
    const timer = setInterval(tick, TICK_MS);
    tick();
    return () => {
      clearInterval(timer);
    };
  }, [at]);
  return now;
}
