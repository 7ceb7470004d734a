import { useEffect, useState } from 'react';
import { Countdown } from './Countdown.tsx';
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
  const queued = useSelect((state) => state.outbox.filter((entry) => entry.state !== 'failed').length);
  const retryAt = 'retryAt' in status ? status.retryAt : null;
  const seconds = useSecondsUntil(retryAt);
  const isBusy = status.name === 'connecting' || status.name === 'authenticating';
  const isPatient = useDelayed(isBusy, PATIENCE_MS);
  const told = connectionText(status, seconds);
  const isShown = told !== null && (!isBusy || isPatient);

  return (
    <div role="status" data-testid="banner" data-status={status.name} className="banner-slot">
      {isShown ? (
        <div className={isBusy ? 'banner' : 'banner banner-warn'}>
          <span className="banner-pulse" aria-hidden="true" />
          <span className="banner-words">
            <Countdown key={retryAt} words={(left) => connectionText(status, left)?.words ?? ''} seconds={seconds} />
            {!isBusy && queued > 0 && <Queued count={queued} />}
          </span>
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
            <span className="banner-words">
              {text.banner.paused}
              {queued > 0 && <Queued count={queued} />}
            </span>
          </div>
        )
      )}
    </div>
  );
}

function Queued({ count }: { count: number }) {
  return <span data-testid="queued"> {text.banner.queued(count)}</span>;
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
