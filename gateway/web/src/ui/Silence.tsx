import type { Room } from '../state/index.ts';
import { Icon } from './Icon.tsx';
import { shortTime } from './grouping.ts';
import { text } from './text.ts';
import { useApp } from './useApp.ts';
import { useSecondsUntil } from './useNow.ts';

type Why = 'removed' | 'closed' | 'readOnly' | 'muted';

/** In the composer's place: why nothing can be said, until when, and what can be done. */
export function Silence({ room, silence }: { room: Room; silence: Why }) {
  const app = useApp();
  const seconds = useSecondsUntil(silence === 'muted' && room.mutedUntil !== Infinity ? room.mutedUntil : null);
  const { removal } = room;
  const isBanned = removal?.why === 'banned';
  return (
    <div className="silence" role="status" data-testid="silence" data-why={silence === 'removed' ? removal?.why : silence}>
      <Icon name={silence === 'readOnly' ? 'eye' : 'lock'} />
      <div className="silence-words">
        <p>{wordsFor(room, silence, seconds)}</p>
        {removal?.reason != null && <p className="silence-reason">{text.silence.reason(removal.reason)}</p>}
      </div>
      {silence === 'removed' && (
        <div className="silence-actions">
          {!isBanned && (
            <button
              type="button"
              className="button button-quiet"
              data-testid="rejoin"
              onClick={() => {
                app.rejoin(room.key);
              }}
            >
              {removal?.why === 'kicked' ? text.silence.rejoin : text.silence.retry}
            </button>
          )}
          {room.key !== 'general' && (
            <button
              type="button"
              className="button button-quiet"
              data-testid="take-off"
              onClick={() => {
                app.leave(room.key);
              }}
            >
              {text.silence.remove}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function wordsFor(room: Room, silence: Why, seconds: number): string {
  if (silence === 'muted') return room.mutedUntil === Infinity ? text.silence.mutedForGood : text.silence.muted(text.until(seconds));
  if (silence !== 'removed') return text.silence[silence];
  const { why, until: end } = room.removal ?? { why: 'refused' as const, until: null };
  if (why === 'banned' && end !== null) return text.silence.bannedUntil(shortTime(new Date(end)));
  return why === 'closed' ? text.silence.closedGone : text.silence[why];
}
