/** What stands before and behind the messages of a timeline. */

import { addressOf, type Room } from '../state/index.ts';
import { text } from './text.ts';
import { useApp } from './useApp.ts';

/** Above the first message: more to come, or the beginning of the room. */
export function Beginning({ room, title }: { room: Room; title: string }) {
  const app = useApp();
  if (room.phase === 'removed' || (room.phase !== 'joined' && room.messages.length === 0)) return null;
  if (!room.more) {
    const isPrivate = addressOf(room.key).kind === 'private';
    return (
      <p className="beginning" data-testid="beginning">
        {isPrivate ? text.timeline.beginningPrivate(title) : text.timeline.beginning(title)}
      </p>
    );
  }
  if (room.older === 'loading') return <Loading words={text.timeline.loadingOlder} />;
  return (
    <MoreButton
      words={room.older === 'failed' ? text.timeline.olderFailed : text.timeline.older}
      testId="load-older"
      onClick={() => {
        void app.history.older(room.key);
      }}
    />
  );
}

/** Below the last message, where that is not the room's last. */
export function Ending({ room }: { room: Room }) {
  const app = useApp();
  if (room.latest === null) return null;
  if (room.newer === 'loading') return <Loading words={text.timeline.loadingNewer} />;
  return (
    <MoreButton
      words={room.newer === 'failed' ? text.timeline.newerFailed : text.timeline.newer}
      testId="load-newer"
      onClick={() => {
        void app.history.newer(room.key);
      }}
    />
  );
}

function Loading({ words }: { words: string }) {
  return (
    <p className="beginning" role="status">
      {words}
    </p>
  );
}

function MoreButton({ words, testId, onClick }: { words: string; testId: string; onClick: () => void }) {
  return (
    <p className="beginning">
      <button type="button" className="button button-quiet" data-testid={testId} onClick={onClick}>
        {words}
      </button>
    </p>
  );
}

export function Skeleton() {
  return (
    <div className="skeleton" aria-hidden="true">
      {['long', 'short', 'middle', 'long', 'short'].map((width, index) => (
        <div key={index} className="skeleton-row">
          <span className="skeleton-avatar" />
          <span className={`skeleton-line skeleton-${width}`} />
        </div>
      ))}
    </div>
  );
}
