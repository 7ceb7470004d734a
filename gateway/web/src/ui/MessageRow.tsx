import { memo } from 'react';
import type { Outgoing } from '../state/index.ts';
import { Avatar } from './Avatar.tsx';
import { clockTime, type MessageItem } from './grouping.ts';
import { Icon } from './Icon.tsx';
import { linkify } from './linkify.ts';
import { text } from './text.ts';
import { useApp } from './useApp.ts';

function Words({ words }: { words: string }) {
  return (
    <div className="bubble" dir="auto" data-testid="message-text">
      {linkify(words).map((piece, index) =>
        piece.kind === 'text' ? (
          piece.text
        ) : (
          <a key={index} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
            {piece.text}
          </a>
        ),
      )}
    </div>
  );
}

interface MessageRowProps {
  item: MessageItem;
  isOwn: boolean;
}

/** A message. The first of a group carries the sender and the time, the others tell it on demand. */
export const MessageRow = memo(function MessageRow({ item, isOwn }: MessageRowProps) {
  const { message, at, isFirst, isLast } = item;
  const { Username: name } = message.Sender;
  const classes = ['message', isOwn && 'message-own', isFirst && 'message-first', isLast && 'message-last'];
  return (
    <li
      className={classes.filter(Boolean).join(' ')}
      data-id={message.UUID}
      data-testid="message"
      data-sender={name}
      data-own={isOwn}
      data-seq={message.Seq}
    >
      {!isOwn && isFirst && <Avatar id={message.SenderUUID} name={name} />}
      <div className="message-body">
        <div className={isFirst ? 'message-head' : 'message-head visually-hidden'}>
          <span className={isOwn ? 'visually-hidden' : 'message-sender'} dir="auto">
            {name}
          </span>
          <time dateTime={message.CreatedAt} title={at.toLocaleString()}>
            {clockTime(at)}
          </time>
        </div>
        <Words words={message.Message} />
      </div>
      {!isFirst && (
        <span className="message-aside" aria-hidden="true">
          {clockTime(at)}
        </span>
      )}
    </li>
  );
}, isSameRow);

function isSameRow(before: MessageRowProps, after: MessageRowProps): boolean {
  return (
    before.isOwn === after.isOwn &&
    before.item.message === after.item.message &&
    before.item.isFirst === after.item.isFirst &&
    before.item.isLast === after.item.isLast
  );
}

/** A message of ours that is not acknowledged yet, or was refused. */
export function OutgoingRow({ entry, isOffline }: { entry: Outgoing; isOffline: boolean }) {
  const app = useApp();
  const hasFailed = entry.state === 'failed';
  return (
    <li
      className={`message message-own message-first message-last ${hasFailed ? 'message-failed' : 'message-pending'}`}
      data-id={entry.id}
      data-testid="outgoing"
      data-state={entry.state}
    >
      <div className="message-body">
        <Words words={entry.text} />
        {hasFailed ? (
          <div className="message-foot message-foot-failed" role="alert">
            <span className="message-problem">
              <Icon name="alert" />
              {text.timeline.failed(entry.error?.error ?? '')}
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
