import { useEffect, useState } from 'react';
import { connectionText, text } from './text.ts';
import { useApp, useSelect } from './useApp.ts';
import { useSecondsUntil } from './useNow.ts';

/** A connection made faster than this is no news. */
const PATIENCE_MS = 500;

/** Tells what is wrong with the connection, when it will be better, and what can be done. */
export function Banner() {
  const app = useApp();
  const status = useSelect((state) => state.status);
  const paused = useSelect((state) => state.paused);
  const seconds = useSecondsUntil('retryAt' in status ? status.retryAt : null);
  const isBusy = status.name === 'connecting' || status.name === 'authenticating';
  const isPatient = useDelayed(isBusy, PATIENCE_MS);
  const told = connectionText(status, seconds);
  const isShown = told !== null && (!isBusy || isPatient);

  return (
    <div role="status" data-testid="banner" data-status={status.name} className="banner-slot">
      {isShown ? (
        <div className={isBusy ? 'banner' : 'banner banner-warn'}>
          <span className="banner-pulse" aria-hidden="true" />
          {/* The countdown is for eyes: read aloud every second it would drown everything else. */}
          <span className="banner-words">{told.words}</span>
          {told.action !== null && (
            <button
              type="button"
              className="button button-quiet"
              data-testid="retry-now"
              onClick={() => {
                app.reconnect();
              }}
            >
              {told.action}
            </button>
          )}
        </div>
      ) : (
        paused && (
          <div className="banner banner-warn" data-testid="paused">
            <span className="banner-pulse" aria-hidden="true" />
            <span className="banner-words">{text.banner.paused}</span>
          </div>
        )
      )}
    </div>
  );
}

/** `true` once `value` has been for `ms`. */
function useDelayed(value: boolean, ms: number): boolean {
  const [isDue, setDue] = useState(false);
  useEffect(() => {
    if (!value) return;
    const timer = setTimeout(() => {
      setDue(true);
    }, ms);
    return () => {
      clearTimeout(timer);
      setDue(false);
    };
  }, [value, ms]);
  return value && isDue;
}
