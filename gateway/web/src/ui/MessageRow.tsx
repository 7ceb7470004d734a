import { memo } from 'react';
import type { Mark, Message, Outgoing } from '../state/index.ts';
import { Avatar } from './Avatar.tsx';
import { useDialogs } from './dialogs.ts';
import { clockTime, type MessageItem } from './grouping.ts';
import { Icon } from './Icon.tsx';
import { MessageTools } from './MessageTools.tsx';
import { PhotoView } from './PhotoView.tsx';
import { PollView } from './PollView.tsx';
import { QuoteBlock } from './Quote.tsx';
import { Reactions } from './Reactions.tsx';
import { roomOf } from '../state/index.ts';
import { errorText, locale, text, useLanguage } from './text.ts';
import { useApp, useSelect } from './useApp.ts';
import { wordsOf } from './pieces.ts';

/** Between names that are put into one text, so that it can be compared; no name holds it. */
const SEPARATOR = '\u0000';

interface WordsProps {
  words: string;
  mentions?: readonly string[];
  editedAt?: string | undefined;
}

function Words({ words, mentions = [], editedAt }: WordsProps) {
  const names = useSelect((state) =>
    mentions
      .flatMap((uuid) => {
        const person = state.people[uuid];
        const flag = uuid === state.me?.userUUID ? '!' : '.';
        return person === undefined ? [] : [flag + person.username, flag + person.name];
      })
      .join(SEPARATOR),
  );
  const named = names === '' ? [] : names.split(SEPARATOR).map((it) => ({ name: it.slice(1), isMe: it.startsWith('!') }));
  return (
    <div className="words" dir="auto">
      <span data-testid="message-text">
        {wordsOf(words, named).map((piece, index) => {
          switch (piece.kind) {
            case 'text':
              return piece.text;
            case 'link':
              return (
                <a key={index} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
                  {piece.text}
                </a>
              );
            case 'mention':
              return (
                <span key={index} className={piece.isMe ? 'mention mention-me' : 'mention'} data-testid="mention">
                  {piece.text}
                </span>
              );
          }
        })}
      </span>
      {editedAt !== undefined && (
        <span className="edited" data-testid="edited" title={text.timeline.editedAt(new Date(editedAt).toLocaleString(locale))}>
          {text.timeline.edited}
        </span>
      )}
    </div>
  );
}

interface MessageRowProps {
  item: MessageItem;
  isOwn: boolean;
  mark: Mark;
  /** What it answers, where that is loaded. */
  original: Message | undefined;
  /** Its tools are shown. */
  isSelected: boolean;
  /** Somebody has just jumped to it. */
  isTarget: boolean;
  onJump: (seq: number) => void;
}

/** A message. The first of a group carries the sender and the time, the others tell it on demand. */
export const MessageRow = memo(function MessageRow(props: MessageRowProps) {
  useLanguage();
  const { item, isOwn, isSelected, isTarget } = props;
  const { message, at, isFirst, isLast } = item;
  const { Sender } = message;
  const name = useSelect((state) => state.people[message.SenderUUID]?.name ?? Sender.DisplayName ?? Sender.Username);
  const isAboutMe = useSelect((state) => !isOwn && message.Mentions?.includes(state.me?.userUUID ?? '') === true);
  const classes = [
    'message',
    isOwn && 'message-own',
    isFirst && 'message-first',
    isLast && 'message-last',
    isAboutMe && 'message-about-me',
    isTarget && 'message-target',
  ];
  return (
    <li
      className={classes.filter(Boolean).join(' ')}
      data-row={item.key}
      data-id={message.UUID}
      data-testid="message"
      data-sender={Sender.Username}
      data-own={isOwn}
      data-seq={message.Seq}
      tabIndex={-1}
    >
      {!isOwn && isFirst && <Avatar id={message.SenderUUID} name={name} />}
      <div className="message-body">
        <div className={isFirst ? 'message-head' : 'message-head visually-hidden'}>
          {isOwn ? (
            <span className="visually-hidden" dir="auto">
              {name}
            </span>
          ) : (
            <SenderName uuid={message.SenderUUID} name={name} isFirst={isFirst} />
          )}
          <time dateTime={message.CreatedAt} title={at.toLocaleString(locale)}>
            {clockTime(at)}
          </time>
        </div>
        <div className="bubble-place">
          <Bubble {...props} name={name} />
          {isSelected && <MessageTools message={message} isOwn={isOwn} />}
        </div>
        <Reactions message={message} mark={props.mark} />
      </div>
      {!isFirst && (
        <span className="message-aside" aria-hidden="true">
          {clockTime(at)}
        </span>
      )}
    </li>
  );
}, isSameRow);

/** The sender's name, which opens what is known of them. */
function SenderName({ uuid, name, isFirst }: { uuid: string; name: string; isFirst: boolean }) {
  const open = useDialogs();
  if (!isFirst) return <span dir="auto">{name}</span>;
  return (
    <button
      type="button"
      className="message-sender"
      dir="auto"
      tabIndex={-1}
      data-testid="sender"
      onClick={() => {
        open({ kind: 'person', uuid });
      }}
    >
      {name}
    </button>
  );
}

function Bubble({ item: { message }, isOwn, mark, original, onJump, name }: MessageRowProps & { name: string }) {
  const open = useDialogs();
  if (message.Deleted === true) return <Tombstone message={message} />;
  const { Photo: photo, Poll: poll, ReplyTo: quote } = message;
  const isBare = photo !== undefined && message.Message === '' && quote === undefined;
  return (
    <div className={isBare ? 'bubble bubble-photo' : 'bubble'}>
      {quote !== undefined && <QuoteBlock quote={quote} original={original} onJump={onJump} />}
      {photo !== undefined && (
        <PhotoView
          photo={photo}
          sender={name}
          onOpen={() => {
            open({ kind: 'photos', room: roomOf(message), uuid: message.UUID });
          }}
        />
      )}
      {message.Message !== '' && (
        <Words words={message.Message} mentions={message.Mentions ?? []} editedAt={message.EditedAt} />
      )}
      {poll !== undefined && <PollView message={message} poll={poll} mark={mark} isOwn={isOwn} />}
    </div>
  );
}

function Tombstone({ message }: { message: Message }) {
  const { DeletedBy, SenderUUID } = message;
  const by = useSelect((state) =>
    DeletedBy === undefined || DeletedBy === SenderUUID ? null : (state.people[DeletedBy]?.name ?? null),
  );
  return (
    <div className="bubble bubble-deleted" data-testid="deleted">
      {by === null ? text.timeline.deleted : text.timeline.deletedBy(by)}
    </div>
  );
}

function isSameRow(before: MessageRowProps, after: MessageRowProps): boolean {
  return (
    before.isOwn === after.isOwn &&
    before.mark === after.mark &&
    before.original === after.original &&
    before.isSelected === after.isSelected &&
    before.isTarget === after.isTarget &&
    before.onJump === after.onJump &&
    before.item.message === after.item.message &&
    before.item.isFirst === after.item.isFirst &&
    before.item.isLast === after.item.isLast
  );
}

/** A message of ours that is not acknowledged yet, or was refused. */
export function OutgoingRow({ entry, isOffline }: { entry: Outgoing; isOffline: boolean }) {
  const app = useApp();
  const hasFailed = entry.state === 'failed';
  const { photo, quote, poll } = entry.extras;
  return (
    <li
      className={`message message-own message-first message-last ${hasFailed ? 'message-failed' : 'message-pending'}`}
      data-row={entry.id}
      data-id={entry.id}
      data-testid="outgoing"
      data-state={entry.state}
    >
      <div className="message-body">
        <div className="bubble">
          {quote !== undefined && <QuoteBlock quote={quote} original={undefined} onJump={() => undefined} />}
          {photo !== undefined && <PhotoView photo={photo} sender={text.timeline.you} />}
          {entry.text !== '' && <Words words={entry.text} />}
          {poll !== undefined && <p className="poll-kind">{poll.options.join(' · ')}</p>}
        </div>
        {hasFailed ? (
          <div className="message-foot message-foot-failed" role="alert">
            <span className="message-problem">
              <Icon name="alert" />
              {text.timeline.failed(entry.error === null ? '' : errorText(entry.error))}
            </span>
            <button
              type="button"
              className="link-button"
              data-testid="retry-message"
              onClick={() => {
                app.retry(entry.id);
              }}
            >
              {text.timeline.retry}
            </button>
            <button
              type="button"
              className="link-button"
              data-testid="discard-message"
              onClick={() => {
                app.discard(entry.id);
              }}
            >
              {text.timeline.discard}
            </button>
          </div>
        ) : (
          <div className="message-foot">
            <Icon name="clock" />
            <span>{isOffline ? text.timeline.queued : text.timeline.sending}</span>
          </div>
        )}
      </div>
    </li>
  );
}
