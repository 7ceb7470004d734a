import { useEffect, useRef, useState, type ClipboardEvent, type KeyboardEvent, type SubmitEvent } from 'react';
import { activeRoom, lastOwn, silenceOf, type Attachment, type Composing } from '../state/index.ts';
import { AttachmentStrip } from './AttachmentStrip.tsx';
import { Countdown } from './Countdown.tsx';
import { useDialogs } from './dialogs.ts';
import { Icon } from './Icon.tsx';
import { MentionList } from './MentionList.tsx';
import { Silence } from './Silence.tsx';
import { text } from './text.ts';
import { TypingLine } from './TypingLine.tsx';
import { useApp, useSelect } from './useApp.ts';
import { useMentions } from './useMentions.ts';
import { useNow, useSecondsUntil } from './useNow.ts';
import { usePhotoPicker } from './usePhotoPicker.ts';
import { useRoomTitle } from './useRoomTitle.ts';

/** The gateway's default, for the moment before it said its own. */
const DEFAULT_LIMIT_CHARACTERS = 4_000;
/** From here on the rest is counted down. */
const COUNT_FROM_CHARACTERS = 200;
const MOST_ROWS = 10;

const NO_ATTACHMENTS: readonly Attachment[] = [];

/** Where something is said, or why nothing can be. Mounted anew for each room. */
export function ComposerPlace() {
  const room = useSelect(activeRoom);
  const me = useSelect((state) => state.me);
  const mutedUntil = room?.mutedUntil ?? null;
  const now = useNow(mutedUntil === Infinity ? null : mutedUntil);
  const silence = silenceOf({ me }, room, now);
  return (
    <div className="composer-place">
      <TypingLine />
      {silence === null || room === undefined ? (
        <Composer />
      ) : (
        <Silence room={room} silence={silence} />
      )}
    </div>
  );
}

function Composer() {
  const key = useSelect((state) => state.active);
  const composing = useSelect((state) => state.composing[key] ?? null);
  // A message that is edited is another text, so the field is another, too.
  return <Field key={composing?.kind === 'edit' ? composing.uuid : 'new'} composing={composing} />;
}

function Field({ composing }: { composing: Composing | null }) {
  const app = useApp();
  const open = useDialogs();
  const key = useSelect((state) => state.active);
  const limit = useSelect((state) => state.server?.messageCharacters ?? DEFAULT_LIMIT_CHARACTERS);
  const isKnown = useSelect((state) => activeRoom(state) !== undefined);
  const attachments = useSelect((state) => state.attachments[key] ?? NO_ATTACHMENTS);
  const title = useRoomTitle(key);
  const field = useRef<HTMLTextAreaElement>(null);
  const photos = usePhotoPicker(key);
  const edited = composing?.kind === 'edit' ? composing : null;
  // Kept here as well as in the store, which tells the page of changes with the next picture: a
  // field must show a key at once, or the browser loses the next one.
  const [draft, setDraft] = useState(() => edited?.text ?? app.store.getState().drafts[key] ?? '');
  const [isBusy, setBusy] = useState(false);
  // The gateway counts characters, not UTF-16 units.
  const left = limit - (draft.length > limit / 4 ? Array.from(draft).length : draft.length);
  const isUploading = attachments.some(({ state }) => state === 'uploading');
  const hasPhotos = edited === null && attachments.some(({ state }) => state === 'ready');
  const canSend = (draft.trim() !== '' || hasPhotos) && !(isUploading && edited === null) && left >= 0 && isKnown && !isBusy;

  const write = (words: string): void => {
    setDraft(words);
    if (edited === null) app.draft(key, words);
  };
  const mentions = useMentions({ field, draft, write });

  useEffect(() => {
    // On a phone the keyboard would jump up over what one came to read, unless one asked to write.
    const element = field.current;
    if (element === null || (edited === null && !matchMedia('(pointer: fine)').matches)) return;
    element.focus();
    element.setSelectionRange(element.value.length, element.value.length);
  }, [edited]);

  const quoted = composing?.kind === 'reply' ? composing.quote.UUID : null;
  useEffect(() => {
    if (quoted !== null) field.current?.focus();
  }, [quoted]);

  const stop = (): void => {
    app.messages.stopComposing(key);
  };

  const saveEdit = async (target: { uuid: string; seq: number; text: string }): Promise<void> => {
    if (draft.trim() === target.text.trim()) {
      stop();
      return;
    }
    setBusy(true);
    const result = await app.messages.edit(key, target, draft);
    setBusy(false);
    if (result.ok) stop();
  };

  const send = (): void => {
    if (!canSend) return;
    if (edited !== null) {
      void saveEdit(edited);
      return;
    }
    app.send(key, draft);
    setDraft('');
    field.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    if (event.nativeEvent.isComposing || mentions.onKeyDown(event)) return;
    if (event.key === 'Escape' && composing !== null) {
      event.preventDefault();
      stop();
    } else if (event.key === 'ArrowUp' && draft === '' && composing === null) {
      const last = lastOwn(app.store.getState());
      if (last === undefined) return;
      event.preventDefault();
      app.messages.beginEdit(last);
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    }
  };

  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    send();
  };

  /** Puts text where the caret is. */
  const insert = (words: string): void => {
    const element = field.current;
    const [from, to] = [element?.selectionStart ?? draft.length, element?.selectionEnd ?? draft.length];
    write(draft.slice(0, from) + words + draft.slice(to));
    requestAnimationFrame(() => {
      element?.focus();
      element?.setSelectionRange(from + words.length, from + words.length);
    });
  };

  const onPaste = (event: ClipboardEvent): void => {
    const files = [...event.clipboardData.files];
    if (edited !== null || files.length === 0) return;
    event.preventDefault();
    photos.add(files);
  };

  return (
    <form className="composer" onSubmit={submit} data-testid="composer">
      <HoldNote />
      {composing !== null && <About composing={composing} onStop={stop} />}
      {edited === null && <AttachmentStrip attachments={attachments} />}
      <div className="composer-anchor">
        {mentions.isOpen && <MentionList {...mentions} />}
        <div className={left < 0 ? 'composer-box composer-over' : 'composer-box'}>
          {edited === null && (
            <div className="composer-extras">
              {photos.isOn && (
                <>
                  <ExtraButton icon="image" label={text.photo.add} testId="add-photo" onClick={photos.choose} />
                  <input {...photos.input} />
                </>
              )}
              <ExtraButton
                icon="poll"
                label={text.poll.open}
                testId="new-poll"
                onClick={() => {
                  open({ kind: 'poll' });
                }}
              />
            </div>
          )}
          <textarea
            ref={field}
            value={draft}
            rows={Math.min(MOST_ROWS, draft.split('\n').length)}
            placeholder={text.composer.label(title)}
            aria-label={edited === null ? text.composer.label(title) : text.composer.editing}
            aria-describedby="composer-hint"
            aria-invalid={left < 0}
            {...mentions.field}
            dir="auto"
            enterKeyHint="send"
            data-testid="message-input"
            onChange={(event) => {
              write(event.target.value);
              mentions.onCaret(event.target.value, event.target.selectionStart);
            }}
            onSelect={(event) => {
              mentions.onCaret(event.currentTarget.value, event.currentTarget.selectionStart);
            }}
            onKeyDown={onKeyDown}
            onPaste={onPaste}
          />
          {left <= COUNT_FROM_CHARACTERS && (
            <span className={left < 0 ? 'counter counter-over' : 'counter'} data-testid="counter" role="status">
              {text.composer.left(left)}
            </span>
          )}
          <ExtraButton
            icon="smile"
            label={text.composer.emoji}
            testId="add-emoji"
            onClick={() => {
              open({ kind: 'emoji', onPick: insert });
            }}
          />
          <button
            type="submit"
            className="send-button"
            disabled={!canSend}
            aria-label={edited === null ? text.composer.send : text.composer.save}
            title={isUploading ? text.composer.uploading : undefined}
            data-testid="send"
          >
            <Icon name={edited === null ? 'send' : 'check'} />
          </button>
        </div>
      </div>
      <p className="composer-hint" id="composer-hint">
        {text.composer.hint}
      </p>
    </form>
  );
}

interface ExtraButtonProps {
  icon: 'image' | 'poll' | 'smile';
  label: string;
  testId: string;
  onClick: () => void;
}

function ExtraButton({ icon, label, testId, onClick }: ExtraButtonProps) {
  return (
    <button type="button" className="extra-button" aria-label={label} title={label} data-testid={testId} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

/** What the next message answers, or which one is edited. */
function About({ composing, onStop }: { composing: Composing; onStop: () => void }) {
  const name = useSelect((state) =>
    composing.kind === 'reply' ? (state.people[composing.quote.SenderUUID]?.name ?? composing.quote.Sender) : '',
  );
  const isReply = composing.kind === 'reply';
  return (
    <div className="about" data-testid="composing" data-kind={composing.kind}>
      <Icon name={isReply ? 'reply' : 'pencil'} />
      <div className="about-words">
        <strong>{isReply ? text.composer.replyingTo(name) : text.composer.editing}</strong>
        <span dir="auto">{isReply ? composing.quote.Message || text.timeline.photo : composing.text}</span>
      </div>
      <button
        type="button"
        className="icon-button icon-button-small"
        aria-label={text.composer.cancel}
        data-testid="stop-composing"
        onClick={onStop}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

/** Why messages wait, and for how long. They go out by themselves. */
function HoldNote() {
  const hold = useSelect((state) => state.hold);
  const slowUntil = useSelect((state) => activeRoom(state)?.slowUntil ?? null);
  const seconds = useSecondsUntil(hold?.until ?? null);
  const slowSeconds = useSecondsUntil(slowUntil);
  if (hold === null && slowSeconds === 0) return null;
  const words =
    hold === null ? text.silence.slow : hold.error.reason === 'rateLimited' ? text.composer.limited : text.composer.held;
  return (
    <p className="hold" role="status" data-testid={hold === null ? 'slow' : 'hold'}>
      <Icon name="clock" />
      <Countdown key={hold?.until ?? slowUntil} words={words} seconds={hold === null ? slowSeconds : seconds} />
    </p>
  );
}
