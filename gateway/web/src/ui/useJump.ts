import { useCallback, useEffect, useState } from 'react';
import type { Message, RoomKey } from '../state/index.ts';
import type { Reveal } from './Scroller.ts';
import { errorText, text } from './text.ts';
import { useApp } from './useApp.ts';

/** How long a message is marked that somebody jumped to. */
const MARKED_MS = 2_000;

interface Jump {
  /** The `Seq` of the message that somebody has just come to. */
  target: number | null;
  /** To the message at exactly this `Seq`. */
  toMessage: (seq: number) => void;
  /** To the first message behind it. */
  toFirstBehind: (seq: number) => void;
}

/** Goes to a message of the room, wherever in its history it is. */
export function useJump(key: RoomKey, reveal: (reveal: Reveal) => void): Jump {
  const app = useApp();
  const [target, setTarget] = useState<number | null>(null);

  useEffect(() => {
    if (target === null) return;
    const timer = setTimeout(() => {
      setTarget(null);
    }, MARKED_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [target]);

  const go = useCallback(
    async (near: number, find: (messages: readonly Message[]) => Message | undefined) => {
      const here = (): readonly Message[] => app.store.getState().rooms[key]?.messages ?? [];
      const asked = find(here()) === undefined ? await app.history.around(key, near) : null;
      const message = find(here());
      if (message === undefined) {
        app.notice(asked?.ok === false ? errorText(asked.error) : text.timeline.jumpFailed);
        return;
      }
      app.setFollowing(key, false);
      reveal({ key: message.UUID, block: 'center' });
      setTarget(message.Seq);
    },
    [app, key, reveal],
  );

  const toMessage = useCallback(
    (seq: number) => {
      void go(seq, (messages) => messages.find(({ Seq }) => Seq === seq));
    },
    [go],
  );
  const toFirstBehind = useCallback(
    (seq: number) => {
      // Only where the one before it is here, too, or there is none.
      void go(seq + 1, (messages) => {
        const index = messages.findIndex(({ Seq }) => Seq > seq);
        const isFirst = index > 0 || messages[0]?.Seq === seq + 1 || app.store.getState().rooms[key]?.more === false;
        return isFirst ? messages[index] : undefined;
      });
    },
    [app, go, key],
  );
  return { target, toMessage, toFirstBehind };
}
