/** What edits, deletions, reactions and votes do to a room's messages. */

import type { Mark, Message, MessageChange } from '@parlor/client/protocol';
import type { Room } from './model.ts';

/** Changes kept for pages of history that were read before them. */
const KEPT_CHANGES = 64;

/** As it was said; nothing has changed it since. */
export function isUntouched(message: Message): boolean {
  const { EditedAt, Deleted, Reactions, Results } = message;
  return EditedAt === undefined && Deleted !== true && Reactions === undefined && Results === undefined;
}

export function replace(room: Room, known: Message, next: Message): Room {
  const swapped = (messages: readonly Message[]): Message[] =>
    messages.map((message) => (message.Seq === known.Seq ? next : message));
  return { ...room, messages: swapped(room.messages), latest: room.latest === null ? null : swapped(room.latest) };
}

/** The message at a `Seq`, if it is here. */
export function findMessage(room: Pick<Room, 'messages' | 'latest'>, seq: number): Message | undefined {
  return room.messages.find(({ Seq }) => Seq === seq) ?? room.latest?.find(({ Seq }) => Seq === seq);
}

/** The room's history began anew: what is here is of no use. */
export function anew(room: Room, epoch: string, seq: number): Room {
  return {
    ...room,
    epoch,
    seq: 0,
    changes: [],
    messages: [],
    latest: null,
    more: seq > 1,
    older: 'idle',
    newer: 'idle',
    marker: null,
  };
}

/** A change that came live, or that was missed and came with a resume. */
export function onChange(room: Room, change: MessageChange): Room {
  const base = room.epoch === change.Epoch ? room : anew(room, change.Epoch, change.Seq);
  if (change.Seq <= base.seq && base.changes.some(({ Seq }) => Seq === change.Seq)) return base;
  return applyChange({ ...base, seq: Math.max(base.seq, change.Seq), changes: [...base.changes, change].slice(-KEPT_CHANGES) }, change);
}

export function applyChange(room: Room, change: MessageChange): Room {
  const known = findMessage(room, change.targetSeq);
  // Not loaded; its page will come as it is then.
  if (known === undefined || known.UUID !== change.uuid) return room;
  const next = changed(known, change);
  return next === known ? room : replace(room, known, next);
}

function changed(known: Message, change: MessageChange): Message {
  const { message, reactions, results } = change;
  switch (change.change) {
    case 'edit': {
      if (message === undefined) return known;
      // Tallies go their own way and are no part of an edit.
      const { Reactions = known.Reactions, Results = known.Results } = message;
      return withTallies(message, Reactions, Results);
    }
    case 'delete':
      return message ?? tombstone(known, change.byUUID);
    case 'tally':
      return known.Deleted === true
        ? known
        : withTallies(known, reactions ?? known.Reactions, results ?? known.Results);
    default:
      // A kind that this client does not know takes its place in the order and changes nothing here.
      return known;
  }
}

function withTallies(message: Message, Reactions: Message['Reactions'], Results: Message['Results']): Message {
  return {
    ...message,
    ...(Reactions === undefined ? {} : { Reactions }),
    ...(Results === undefined ? {} : { Results }),
  };
}

function tombstone(known: Message, by: string | undefined): Message {
  const { ReplyTo, Poll, Photo, Reactions, Results, Mentions, EditedAt, ...rest } = known;
  return { ...rest, Message: '', Deleted: true, ...(by === undefined ? {} : { DeletedBy: by }) };
}

/** What we did to a message, as the server has it or as we have just asked for. */
export function onMark(room: Room, uuid: string, mark: Mark): Room {
  return { ...room, marks: { ...room.marks, [uuid]: mark } };
}

const NO_MARK: Mark = { reactions: [], vote: [] };

export function markOf(room: Room | undefined, uuid: string): Mark {
  return room?.marks[uuid] ?? NO_MARK;
}
