import { useEffect, useRef, useState, type KeyboardEvent, type SubmitEvent } from 'react';
import { activeRoom } from '../state/index.ts';
import { Icon } from './Icon.tsx';
import { text } from './text.ts';
import { useApp, useSelect } from './useApp.ts';
import { useSecondsUntil } from './useNow.ts';
import { useRoomTitle } from './useRoomTitle.ts';

/** The gateway's default, for the moment before it said its own. */
const DEFAULT_LIMIT_CHARACTERS = 4_000;
/** From here on the rest is counted down. */
const COUNT_FROM_CHARACTERS = 200;
const MOST_ROWS = 10;

/** Mounted anew for each room. */
export function Composer() {
  const app = useApp();
  const key = useSelect((state) => state.active);
  const limit = useSelect((state) => state.server?.messageCharacters ?? DEFAULT_LIMIT_CHARACTERS);
  const isKnown = useSelect((state) => activeRoom(state) !== undefined);
  const title = useRoomTitle(key);
  const field = useRef<HTMLTextAreaElement>(null);
  // Kept here as well as in the store, which tells the page of changes with the next picture: a
  // field must show a key at once, or the browser loses the next one.
  const [draft, setDraft] = useState(() => app.store.getState().drafts[key] ?? '');
  // The gateway counts characters, not UTF-16 units.
  const left = limit - (draft.length > limit / 4 ? Array.from(draft).length : draft.length);
  const canSend = draft.trim() !== '' && left >= 0 && isKnown;

  useEffect(() => {
    // On a phone the keyboard would jump up over what one came to read.
    if (matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, []);

  const send = (): void => {
    if (!canSend) return;
    app.send(key, draft);
    setDraft('');
    field.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };

  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    send();
  };

  return (
    <form className="composer" onSubmit={submit} data-testid="composer">
      <HoldNote />
      <div className={left < 0 ? 'composer-box composer-over' : 'composer-box'}>
        <textarea
          ref={field}
          value={draft}
          rows={Math.min(MOST_ROWS, draft.split('\n').length)}
          placeholder={text.composer.label(title)}
          aria-label={text.composer.label(title)}
          aria-describedby="composer-hint"
          aria-invalid={left < 0}
          dir="auto"
          enterKeyHint="send"
          data-testid="message-input"
          onChange={(event) => {
            setDraft(event.target.value);
            app.draft(key, event.target.value);
          }}
          onKeyDown={onKeyDown}
        />
        {left <= COUNT_FROM_CHARACTERS && (
          <span className={left < 0 ? 'counter counter-over' : 'counter'} data-testid="counter" role="status">
            {text.composer.left(left)}
          </span>
        )}
        <button type="submit" className="send-button" disabled={!canSend} aria-label={text.composer.send} data-testid="send">
          <Icon name="send" />
        </button>
      </div>
      <p className="composer-hint" id="composer-hint">
        {text.composer.hint}
      </p>
    </form>
  );
}

/** Why messages wait, and for how long. They go out by themselves. */
function HoldNote() {
  const hold = useSelect((state) => state.hold);
  const seconds = useSecondsUntil(hold?.until ?? null);
  if (hold === null) return null;
  const isLimit = hold.error.reason === 'rateLimited';
  return (
    <p className="hold" role="status" data-testid="hold">
      <Icon name="clock" />
      <span>{isLimit ? text.composer.limited(seconds) : text.composer.held(seconds)}</span>
    </p>
  );
}
