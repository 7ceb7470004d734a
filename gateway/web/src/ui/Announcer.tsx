import { useEffect, useRef, useState } from 'react';
import type { Message } from '../state/index.ts';
import { text } from './text.ts';

/** So often at most something is read aloud: what comes meanwhile is summed up. */
const PAUSE_MS = 4_000;

/**
 * Reads new messages of others aloud. The log itself stays silent, or a screen reader would begin
 * to read history whenever some is added above; and a busy room is told in numbers, or a reader
 * would never come to an end.
 */
export function Announcer({ latest, me }: { latest: readonly Message[]; me: string | undefined }) {
  const [words, setWords] = useState('');
  /** The last `Seq` that was told, or stood here from the first. */
  const told = useRef<number | null>(null);
  const pause = useRef<ReturnType<typeof setTimeout> | null>(null);
  const current = useRef({ latest, me });

  useEffect(() => {
    current.current = { latest, me };
    const tell = (): void => {
      pause.current = null;
      const { latest: messages, me: self } = current.current;
      const last = messages.at(-1);
      const from = told.current;
      if (last === undefined || from === null || last.Seq <= from) return;
      told.current = last.Seq;
      const news = messages.filter(({ Seq, SenderUUID }) => Seq > from && SenderUUID !== self);
      const [first] = news;
      if (first === undefined) return;
      setWords(news.length === 1 ? text.timeline.said(nameOf(first), wordsFor(first)) : text.timeline.latestCount(news.length));
      pause.current = setTimeout(tell, PAUSE_MS);
    };
    if (told.current === null) told.current = latest.at(-1)?.Seq ?? null;
    else if (pause.current === null) tell();
  }, [latest, me]);

  useEffect(
    () => () => {
      if (pause.current !== null) clearTimeout(pause.current);
    },
    [],
  );

  return (
    <div className="visually-hidden" aria-live="polite" data-testid="announcer">
      {words}
    </div>
  );
}

function nameOf({ Sender }: Message): string {
  return Sender.DisplayName ?? Sender.Username;
}

function wordsFor(message: Message): string {
  return message.Message === '' && message.Photo !== undefined ? text.timeline.photo : message.Message;
}
