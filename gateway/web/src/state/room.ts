/** One room's messages, members and unread count. Every function gives back a new room. */

import {
  addressOf,
  type ChannelJoined,
  type History,
  type Message,
  type RoomKey,
} from '../protocol/index.ts';
import type { Position, Room } from './model.ts';

/** Beyond this many messages the oldest are dropped while nobody reads them; they can be had again. */
export const MOST_MESSAGES = 600;
/** How many stay then. */
export const KEPT_MESSAGES = 400;

export function newRoom(key: RoomKey, read: Position | null, phase: Room['phase'] = 'joining'): Room {
  return {
    key,
    phase,
    epoch: '',
    messages: [],
    more: false,
    older: 'idle',
    members: [],
    membersTotal: 0,
    at: null,
    read,
    unread: 0,
    marker: null,
    following: true,
  };
}

export function lastSeq(room: Room): number {
  return room.messages.at(-1)?.Seq ?? 0;
}

/** Merges two lists of one epoch, each in order, to one in order without doubles. */
export function mergeMessages(a: readonly Message[], b: readonly Message[]): readonly Message[] {
  if (b.length === 0) return a;
  if (a.length === 0) return b;
  if ((a.at(-1)?.Seq ?? 0) < (b[0]?.Seq ?? 0)) return [...a, ...b];
  const bySeq = new Map<number, Message>();
  for (const message of a) bySeq.set(message.Seq, message);
  for (const message of b) if (!bySeq.has(message.Seq)) bySeq.set(message.Seq, message);
  if (bySeq.size === a.length) return a;
  return [...bySeq.values()].sort((left, right) => left.Seq - right.Seq);
}

/** The answer to a join, a resume or a rejoin. */
export function onJoined(room: Room, joined: ChannelJoined, me: string): Room {
  const messages = joined.messages.filter((message) => message.Epoch === joined.epoch || joined.epoch === '');
  const first = messages[0]?.Seq ?? joined.seq + 1;
  // A fresh page continues what is here only if nothing can be missing between the two.
  const continues =
    joined.recovered === true ||
    (joined.recovered === undefined &&
      room.epoch === joined.epoch &&
      room.messages.length > 0 &&
      first <= lastSeq(room) + 1);
  const known = new Set(joined.users.map((user) => user.UUID));
  const next: Room = {
    ...room,
    phase: 'joined',
    epoch: joined.epoch,
    members: [...known],
    membersTotal: joined.usersTotal,
    ...(continues
      ? { messages: mergeMessages(room.messages, messages), more: room.messages.length > 0 ? room.more : joined.more }
      : { messages, more: joined.more, older: 'idle' as const, marker: null }),
    at: later(room.at, messages.at(-1)),
    read: room.read ?? { epoch: joined.epoch, seq: firstRead(room.key, messages, joined.seq, me) },
  };
  return { ...next, unread: countUnread(next, joined.seq, me) };
}

/**
 * How far a room seen for the first time counts as read. What was said in an open room before is no
 * news; in a private one everything is that was said to us since our own last word.
 */
function firstRead(key: RoomKey, messages: readonly Message[], last: number, me: string): number {
  if (addressOf(key).kind !== 'private') return last;
  const own = messages.findLast((message) => message.SenderUUID === me);
  return own?.Seq ?? (messages[0]?.Seq ?? last + 1) - 1;
}

/** The later of a time and a message's. */
export function later(at: number | null, message: Pick<Message, 'CreatedAt'> | undefined): number | null {
  const ms = message === undefined ? NaN : Date.parse(message.CreatedAt);
  return Number.isNaN(ms) || (at !== null && at >= ms) ? at : ms;
}

/** Messages of others behind `read`: those that are here, and those between that are not. */
function countUnread(room: Room, last: number, me: string): number {
  const { read } = room;
  if (read === null) return 0;
  const from = read.epoch === room.epoch ? read.seq : 0;
  const here = room.messages.filter((message) => message.Seq > from && message.SenderUUID !== me).length;
  const firstHere = room.messages[0]?.Seq ?? last + 1;
  return here + Math.max(0, firstHere - 1 - from);
}

/** A live message, or our own one that was acknowledged. */
export function onMessage(room: Room, message: Message, me: string): Room {
  const isNewEpoch = room.epoch !== message.Epoch;
  if (!isNewEpoch && message.Seq <= lastSeq(room) && room.messages.some(({ Seq }) => Seq === message.Seq)) {
    return room;
  }
  // A new epoch means that the room's history began anew.
  const base: Room = isNewEpoch
    ? { ...room, epoch: message.Epoch, messages: [], more: message.Seq > 1, marker: null, older: 'idle' }
    : room;
  const isNews = message.SenderUUID !== me && (isNewEpoch || message.Seq > (base.read?.seq ?? 0));
  return trim({
    ...base,
    messages: mergeMessages(base.messages, [message]),
    at: later(base.at, message),
    unread: (isNewEpoch ? 0 : base.unread) + (isNews ? 1 : 0),
    read: isNewEpoch ? { epoch: message.Epoch, seq: message.Seq - 1 } : base.read,
  });
}

/** A page of history before the first message. */
export function onHistory(room: Room, page: History): Room {
  if (page.epoch !== room.epoch) return { ...room, older: 'idle' };
  const fitting = page.messages.filter((message) => message.Epoch === room.epoch);
  return { ...room, messages: mergeMessages(room.messages, fitting), more: page.more, older: 'idle' };
}

/** Everything up to the last message has been read. The line "new" goes where reading went on. */
export function onRead(room: Room): Room {
  const position = { epoch: room.epoch, seq: lastSeq(room) };
  const current = room.read;
  if (room.unread === 0 && current?.epoch === position.epoch && current.seq >= position.seq) return room;
  if (room.messages.length === 0 && room.unread === 0) return room;
  return { ...room, read: position, unread: 0 };
}

/** Drops the oldest messages of a room that nobody reads back in. */
function trim(room: Room): Room {
  if (room.messages.length <= MOST_MESSAGES || !room.following || room.older === 'loading') return room;
  return { ...room, messages: room.messages.slice(-KEPT_MESSAGES), more: true };
}

export function memberJoined(room: Room, uuid: string): Room {
  if (room.members.includes(uuid)) return room;
  return { ...room, members: [...room.members, uuid], membersTotal: room.membersTotal + 1 };
}

export function memberLeft(room: Room, uuid: string): Room {
  if (!room.members.includes(uuid)) return room;
  return {
    ...room,
    members: room.members.filter((member) => member !== uuid),
    membersTotal: Math.max(0, room.membersTotal - 1),
  };
}

/** Somebody came or went, or in a large room only how many there are now. */
export function membersCounted(room: Room, total: number, uuid: string | undefined, online: boolean): Room {
  const rest = room.members.filter((member) => member !== uuid);
  const members = uuid === undefined ? room.members : online ? [...rest, uuid] : rest;
  return { ...room, members, membersTotal: total };
}

