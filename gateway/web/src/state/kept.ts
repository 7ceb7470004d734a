/**
 * Which of a room's messages are kept here. However long its history is, there are at most two
 * pieces of it: the stretch in which somebody reads, and, when that does not reach the end, the
 * latest messages. What lies before, between and behind can be had again.
 */

import type { History, Message } from '@parlor/client/protocol';
import { applyChange } from './changes.ts';
import type { Room } from './model.ts';

/** Beyond this many messages a stretch is cut at the end that nobody reads. */
export const MOST_MESSAGES = 600;
/** How many stay then. */
export const KEPT_MESSAGES = 400;
/** Of the latest messages, while somebody reads further up: more than a screen, and than a page. */
export const KEPT_LATEST = 120;

/** The room's last messages, wherever somebody reads. */
export function latestOf(room: Pick<Room, 'messages' | 'latest'>): readonly Message[] {
  return room.latest ?? room.messages;
}

/** All that is here, in order. */
export function heldOf(room: Pick<Room, 'messages' | 'latest'>): readonly Message[] {
  return room.latest === null ? room.messages : mergeMessages(room.messages, room.latest);
}

export function lastSeq(room: Room): number {
  return latestOf(room).at(-1)?.Seq ?? 0;
}

/** Merges two lists of one epoch, each in order, to one in order without doubles; `b` is the later word. */
export function mergeMessages(a: readonly Message[], b: readonly Message[]): readonly Message[] {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  if ((a.at(-1)?.Seq ?? 0) < (b[0]?.Seq ?? 0)) return [...a, ...b];
  const bySeq = new Map<number, Message>();
  for (const message of a) bySeq.set(message.Seq, message);
  for (const message of b) bySeq.set(message.Seq, message);
  return [...bySeq.values()].sort((left, right) => left.Seq - right.Seq);
}

/** Messages that came to the room's end. */
export function withNews(room: Room, news: readonly Message[]): Room {
  if (room.latest !== null) {
    const latest = mergeMessages(room.latest, news);
    return { ...room, latest: latest.length > 2 * KEPT_LATEST ? latest.slice(-KEPT_LATEST) : latest };
  }
  const messages = mergeMessages(room.messages, news);
  if (messages.length <= MOST_MESSAGES) return { ...room, messages };
  if (room.following) return tidied({ ...room, messages: messages.slice(-KEPT_MESSAGES), more: true });
  // What somebody reads stays where it is; the end goes on beside it.
  return { ...room, latest: messages.slice(-KEPT_LATEST) };
}

/** Back to the end, where the latest messages are. */
export function atEnd(room: Room): Room {
  if (room.latest === null) return room;
  return tidied({ ...room, messages: room.latest, latest: null, more: true, older: 'idle', newer: 'idle' });
}

/** A page that came before the message at `from`. */
export function withOlder(room: Room, page: History, from: number): Room {
  // Asked for at another place than where we are now: there would be a gap.
  if (page.epoch !== room.epoch || room.messages[0]?.Seq !== from) return { ...room, older: 'idle' };
  const messages = mergeMessages(fitting(room, page), room.messages);
  const isCut = messages.length > MOST_MESSAGES && !room.following;
  const merged: Room = {
    ...room,
    messages: isCut ? messages.slice(0, KEPT_MESSAGES) : messages,
    latest: isCut ? (room.latest ?? room.messages.slice(-KEPT_LATEST)) : room.latest,
    more: page.more,
    older: 'idle',
  };
  return upToDate(merged, page);
}

/** A page that came behind the message at `from`. */
export function withNewer(room: Room, page: History, from: number): Room {
  if (page.epoch !== room.epoch || room.messages.at(-1)?.Seq !== from) return { ...room, newer: 'idle' };
  const messages = mergeMessages(room.messages, fitting(room, page));
  return upToDate(joined({ ...room, messages, newer: 'idle' }, page.more ? 0 : page.seq), page);
}

/** A page in place of what is here, for whoever jumps far. */
export function withPlace(room: Room, page: History): Room {
  const messages = fitting(room, page);
  if (page.epoch !== room.epoch || messages.length === 0) return room;
  const moved: Room = {
    ...room,
    messages,
    latest: room.latest ?? room.messages.slice(-KEPT_LATEST),
    more: page.more,
    older: 'idle',
    newer: 'idle',
    following: false,
  };
  return upToDate(joined(moved, 0), page);
}

/** The end is already here, and need not be asked for. */
export function reachesEnd(room: Room): boolean {
  const [first] = room.latest ?? [];
  return first !== undefined && first.Seq <= (room.messages.at(-1)?.Seq ?? 0);
}

/** Makes one of the two pieces where they touch. What is here is complete up to `seq`. */
export function joined(room: Room, seq: number): Room {
  const [first] = room.latest ?? [];
  if (room.latest === null || first === undefined) return cut({ ...room, latest: null });
  if (!reachesEnd(room) && first.Seq > seq + 1) return cut(room);
  return cut({ ...room, messages: mergeMessages(room.messages, room.latest), latest: null });
}

/** Lets go of the beginning, which nobody reads. */
function cut(room: Room): Room {
  if (room.messages.length <= MOST_MESSAGES) return room;
  return tidied({ ...room, messages: room.messages.slice(-KEPT_MESSAGES), more: true });
}

function fitting(room: Room, page: History): Message[] {
  return page.messages.filter(({ Epoch }) => Epoch === room.epoch);
}

/** With our own marks, and with what changed while the page was on its way. */
function upToDate(room: Room, page: History): Room {
  const marked = tidied({ ...room, marks: { ...room.marks, ...page.marks } });
  return room.changes.filter(({ Seq }) => Seq > page.seq).reduce(applyChange, marked);
}

/** Forgets our marks on messages that are gone from here, once there are many. */
function tidied(room: Room): Room {
  const marks = Object.entries(room.marks);
  if (marks.length <= 2 * MOST_MESSAGES) return room;
  const here = new Set(heldOf(room).map(({ UUID }) => UUID));
  return { ...room, marks: Object.fromEntries(marks.filter(([uuid]) => here.has(uuid))) };
}
