/** One room's messages, members and unread count. Every function gives back a new room. */

import {
  addressOf,
  type ChannelJoined,
  type Message,
  type RoomKey,
  type UnreadRoom,
} from '@parlor/client/protocol';
import { anew, applyChange, findMessage, isUntouched, replace } from './changes.ts';
import { heldOf, lastSeq, latestOf, withNews } from './kept.ts';
import type { Position, Room } from './model.ts';

export function newRoom(key: RoomKey, read: Position | null, phase: Room['phase'] = 'joining'): Room {
  return {
    key,
    phase,
    removal: null,
    epoch: '',
    seq: 0,
    changes: [],
    marks: {},
    role: null,
    topic: '',
    canWrite: true,
    settings: {},
    mutedUntil: null,
    slowUntil: null,
    typists: [],
    messages: [],
    latest: null,
    more: false,
    older: 'idle',
    newer: 'idle',
    members: [],
    membersTotal: 0,
    at: null,
    read,
    unread: 0,
    mentions: 0,
    marker: null,
    following: true,
  };
}

/** The answer to a join, a resume or a rejoin. */
export function onJoined(room: Room, joined: ChannelJoined, me: string): Room {
  const messages = joined.messages.filter((message) => message.Epoch === joined.epoch || joined.epoch === '');
  const first = messages[0]?.Seq ?? joined.seq + 1;
  const isSameEpoch = room.epoch === joined.epoch;
  // A fresh page continues what is here only if nothing can be missing between the two.
  const continues =
    joined.recovered === true ||
    (joined.recovered === undefined &&
      isSameEpoch &&
      room.messages.length > 0 &&
      first <= Math.max(room.seq, lastSeq(room)) + 1);
  const known = new Set(joined.users.map((user) => user.UUID));
  const read = room.read ?? { epoch: joined.epoch, seq: firstRead(room.key, messages, joined.seq, me) };
  const next: Room = {
    ...(continues ? withNews(room, messages) : room),
    phase: 'joined',
    removal: null,
    epoch: joined.epoch,
    members: [...known],
    membersTotal: joined.usersTotal,
    typists: [],
    role: joined.role ?? null,
    topic: joined.topic ?? joined.settings?.topic ?? '',
    canWrite: joined.canWrite ?? true,
    settings: joined.settings ?? {},
    marks: { ...room.marks, ...joined.marks },
    ...(continues
      ? { more: room.messages.length > 0 ? room.more : joined.more }
      : { messages, latest: null, more: joined.more, older: 'idle', newer: 'idle', marker: null, changes: [] }),
    at: later(room.at, messages.at(-1)),
    read: joined.read === undefined ? read : furthest(read, { epoch: joined.epoch, seq: joined.read }),
  };
  // A recovered resume brings exactly what was missed; other pages leave gaps that only a guess fills.
  const isExact = joined.recovered === true && isSameEpoch;
  const missed = messages.filter(({ Seq, SenderUUID }) => Seq > room.seq && SenderUUID !== me);
  const counted = {
    ...next,
    unread: isExact ? room.unread + missed.length : countUnread(next, joined.seq, me),
    mentions: isExact
      ? room.mentions + missed.filter((message) => names(message, me)).length
      : countMentions(next, me),
  };
  const changed = (joined.changes ?? []).reduce(applyChange, counted);
  return { ...changed, seq: isSameEpoch ? Math.max(room.seq, joined.seq) : joined.seq };
}

/** The further of two positions; another epoch is the later word. */
export function furthest(known: Position, told: Position): Position {
  return known.epoch === told.epoch && known.seq >= told.seq ? known : told;
}

export function names(message: Message, me: string): boolean {
  return message.Mentions?.includes(me) === true && message.SenderUUID !== me;
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

/** Messages of others behind `read`: those that are here, and those before and between that are not. */
function countUnread(room: Room, last: number, me: string): number {
  const { read, messages, latest } = room;
  if (read === null) return 0;
  const from = read.epoch === room.epoch ? read.seq : 0;
  const here = heldOf(room).filter((message) => message.Seq > from && message.SenderUUID !== me).length;
  const missingBefore = (messages[0]?.Seq ?? last + 1) - 1 - from;
  const missingBetween = (latest?.[0]?.Seq ?? 0) - 1 - Math.max(from, messages.at(-1)?.Seq ?? 0);
  return here + Math.max(0, missingBefore) + Math.max(0, missingBetween);
}

function countMentions(room: Room, me: string): number {
  const { read } = room;
  if (read === null) return 0;
  const from = read.epoch === room.epoch ? read.seq : 0;
  return heldOf(room).filter((message) => message.Seq > from && names(message, me)).length;
}

/** How far the server says that we have read, and what is behind it; what came since is added. */
export function onCounted(room: Room, counted: UnreadRoom, me: string): Room {
  const read = room.read === null ? null : room.epoch === '' || room.epoch === counted.epoch ? room.read : null;
  const told = { epoch: counted.epoch, seq: counted.read };
  const position = read === null ? told : furthest(read, told);
  // Read further here than the server knows yet.
  const isAhead = position.epoch === counted.epoch && position.seq > counted.read;
  if (isAhead && position.seq >= counted.seq) return { ...room, read: position };
  const next = { ...room, read: position };
  if (isAhead) return { ...next, unread: countUnread(next, room.seq, me), mentions: countMentions(next, me) };
  const since = latestOf(room).filter(({ Seq, SenderUUID }) => Seq > counted.seq && SenderUUID !== me);
  return {
    ...next,
    unread: counted.unread + since.length,
    mentions: counted.mentions + since.filter((message) => names(message, me)).length,
    ...(counted.lastMessageAt === undefined ? {} : { at: later(room.at, { CreatedAt: counted.lastMessageAt }) }),
  };
}

/** We read on another device. */
export function onReadElsewhere(room: Room, told: Position, me: string): Room {
  if (room.read === null || room.epoch !== told.epoch) return room;
  const read = furthest(room.read, told);
  if (read === room.read) return room;
  const next = { ...room, read };
  const isAll = read.seq >= lastSeq(room);
  return { ...next, unread: isAll ? 0 : countUnread(next, room.seq, me), mentions: isAll ? 0 : countMentions(next, me) };
}

/** A live message, or our own one that was acknowledged. */
export function onMessage(room: Room, message: Message, me: string): Room {
  const isNewEpoch = room.epoch !== message.Epoch;
  if (!isNewEpoch && message.Seq <= lastSeq(room)) {
    const known = findMessage(room, message.Seq);
    if (known !== undefined) return isUntouched(known) ? replace(room, known, message) : room;
  }
  const base = isNewEpoch ? anew(room, message.Epoch, message.Seq) : room;
  const isNews = message.SenderUUID !== me && (isNewEpoch || message.Seq > (base.read?.seq ?? 0));
  const isTyping = base.typists.some(({ uuid }) => uuid === message.SenderUUID);
  return {
    ...withNews(base, [message]),
    seq: Math.max(base.seq, message.Seq),
    at: later(base.at, message),
    typists: isTyping ? base.typists.filter(({ uuid }) => uuid !== message.SenderUUID) : base.typists,
    unread: (isNewEpoch ? 0 : base.unread) + (isNews ? 1 : 0),
    mentions: (isNewEpoch ? 0 : base.mentions) + (isNews && names(message, me) ? 1 : 0),
    read: isNewEpoch ? { epoch: message.Epoch, seq: message.Seq - 1 } : base.read,
  };
}

/** Everything up to the last message has been read. The line "new" goes where reading went on. */
export function onRead(room: Room): Room {
  const position = { epoch: room.epoch, seq: Math.max(room.seq, lastSeq(room)) };
  const current = room.read;
  if (room.unread === 0 && current?.epoch === position.epoch && current.seq >= position.seq) return room;
  if (room.messages.length === 0 && room.unread === 0) return room;
  return { ...room, read: position, unread: 0, mentions: 0 };
}

/** `total` as the gateway counts; a server that does not say is counted for. */
export function memberJoined(room: Room, uuid: string, total?: number): Room {
  if (room.members.includes(uuid)) return total === undefined ? room : { ...room, membersTotal: total };
  return { ...room, members: [...room.members, uuid], membersTotal: total ?? room.membersTotal + 1 };
}

export function memberLeft(room: Room, uuid: string, total?: number): Room {
  const typists = room.typists.filter((typist) => typist.uuid !== uuid);
  if (!room.members.includes(uuid)) return { ...room, typists, membersTotal: total ?? room.membersTotal };
  return {
    ...room,
    typists,
    members: room.members.filter((member) => member !== uuid),
    membersTotal: total ?? Math.max(0, room.membersTotal - 1),
  };
}

/** Somebody came or went, or in a large room only how many there are now. */
export function membersCounted(room: Room, total: number, uuid: string | undefined, online: boolean): Room {
  const rest = room.members.filter((member) => member !== uuid);
  const members = uuid === undefined ? room.members : online ? [...rest, uuid] : rest;
  return { ...room, members, membersTotal: total };
}

