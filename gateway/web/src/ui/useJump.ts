import { useCallback, useEffect, useState, type RefObject } from 'react';
import type { Room } from '../state/index.ts';
import { text } from './text.ts';
import { useApp } from './useApp.ts';

/** So many pages of history are looked through for a message. */
const MOST_PAGES = 10;
/** How long a message is marked that somebody jumped to. */
const MARKED_MS = 2_000;

interface Jump {
  /** The `Seq` of the message that somebody has just come to. */
  target: number | null;
  jump: (seq: number) => void;
}

/** Goes to a message of the room, and loads history until it is there. */
export function useJump(viewport: RefObject<HTMLElement | null>, room: Room | undefined): Jump {
  const app = useApp();
  const [wanted, setWanted] = useState<{ seq: number; pages: number } | null>(null);
  const [target, setTarget] = useState<number | null>(null);

  useEffect(() => {
    if (wanted === null || room === undefined || room.older === 'loading') return;
    const row = viewport.current?.querySelector<HTMLElement>(`[data-testid="message"][data-seq="${wanted.seq}"]`);
    if (row !== null && row !== undefined) {
      app.setFollowing(room.key, false);
      const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
      row.scrollIntoView({ block: 'center', behavior: isCalm ? 'auto' : 'smooth' });
      row.focus({ preventScroll: true });
      setTarget(wanted.seq);
      setWanted(null);
    } else if (room.more && room.older === 'idle' && wanted.pages < MOST_PAGES && (room.messages[0]?.Seq ?? 0) > wanted.seq) {
      setWanted({ seq: wanted.seq, pages: wanted.pages + 1 });
      app.loadOlder(room.key);
    } else {
      app.notice(text.timeline.jumpFailed);
      setWanted(null);
    }
  }, [app, room, viewport, wanted]);

  useEffect(() => {
    if (target === null) return;
    const timer = setTimeout(() => {
      setTarget(null);
    }, MARKED_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [target]);

  const jump = useCallback((seq: number) => {
    setWanted({ seq, pages: 0 });
  }, []);
  return { target, jump };
}
