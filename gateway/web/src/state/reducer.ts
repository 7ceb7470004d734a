/** How the page's data changes with what happens. Pure: no time, no chance, no I/O. */

import {
  addressOf,
  GENERAL,
  keyOf,
  privateRoom,
  roomOf,
  type Ack,
  type Mark,
  type Message,
  type PrivateMessage,
  type PrivateRoom,
  type RoomKey,
  type ServerFrame,
  type User,
} from '@parlor/client/protocol';
import type { ClientEvent, Outgoing, Session } from '@parlor/client';
import { onChange, onMark } from './changes.ts';
import { EMPTY_DIRECTORY, type AppState, type Attachment, type Composing, type Notice, type RememberedRoom } from './model.ts';
import { hear, meetSenders, recall, upsert } from './people.ts';
import { later, memberLeft, newRoom, onHistory, onJoined, onMessage, onRead } from './room.ts';
import { addRoom, changeRoom, inOrder, removalOf, shut } from './rooms.ts';
import { onCountedRooms, onDetails, onSys, onTypingExpired, type Seen } from './sys.ts';

/** What somebody does with the page. */
export type UserEvent =
  /** A session was found that the gateway has not confirmed yet. */
  | { type: 'restored'; session: Session }
  | { type: 'signInStarted' }
  | { type: 'signInErrorCleared' }
  | { type: 'remembered'; rooms: readonly RememberedRoom[] }
  | { type: 'activated'; room: RoomKey }
  | { type: 'left'; room: RoomKey }
  | { type: 'attention'; attentive: boolean }
  | { type: 'following'; room: RoomKey; following: boolean }
  | { type: 'olderAsked'; room: RoomKey }
  | { type: 'directoryAsked'; offset: number }
  | { type: 'drafted'; room: RoomKey; text: string }
  | { type: 'wrote'; room: RoomKey }
  /** Begun on an earlier visit. */
  | { type: 'draftsRemembered'; drafts: AppState['drafts'] }
  /** What we ask for ourselves, shown before the server has said so. */
  | { type: 'marked'; room: RoomKey; uuid: string; mark: Mark }
  | { type: 'composing'; room: RoomKey; composing: Composing | null }
  | { type: 'attached'; room: RoomKey; attachment: Attachment }
  | { type: 'attachmentChanged'; room: RoomKey; id: string; change: Partial<Attachment> }
  | { type: 'detached'; room: RoomKey; id: string }
  | { type: 'typingExpired'; room: RoomKey; uuid: string }
  /** Users that were found, who may be opened next. */
  | { type: 'met'; users: readonly User[] }
  | { type: 'noticed'; text: string; room?: RoomKey }
  | { type: 'dismissed'; id: number };

export type AppEvent = ClientEvent | UserEvent;

export const INITIAL_STATE: AppState = {
  status: { name: 'idle' },
  server: null,
  me: null,
  signIn: { busy: false, error: null, ended: null },
  rooms: {},
  order: [],
  closed: {},
  active: GENERAL,
  attentive: true,
  people: {},
  listed: [],
  listedTotal: 0,
  directory: EMPTY_DIRECTORY,
  outbox: [],
  hold: null,
  paused: false,
  drafts: {},
  composing: {},
  attachments: {},
  notices: [],
  noticeCount: 0,
};

export function reduce(state: AppState, event: AppEvent): AppState {
  const next = change(state, event);
  return next.rooms === state.rooms ? next : inOrder(next);
}

function change(state: AppState, event: AppEvent): AppState {
  switch (event.type) {
    case 'status':
      return { ...state, status: event.status };
    case 'greeted':
      return { ...state, server: event.ready };
    case 'signInStarted':
      return { ...state, signIn: { busy: true, error: null, ended: null } };
    case 'signInErrorCleared':
      return { ...state, signIn: { ...state.signIn, error: null } };
    case 'signInFailed':
      return { ...state, signIn: { busy: false, error: event.error, ended: null } };
    case 'restored':
      return signedIn(state, event.session, true);
    case 'signedIn':
      return signedIn(state, event.session, event.fresh);
    case 'signedOut':
      return {
        ...forgetUser(state),
        signIn: { busy: false, error: null, ended: event.why === 'asked' ? null : { why: event.why, error: event.error } },
      };
    case 'outbox':
      return { ...state, outbox: event.entries };
    case 'acknowledged':
      return acknowledged(state, event.entry, event.ack);
    case 'held':
      return { ...state, hold: event.hold };
    case 'paused':
      return { ...state, paused: event.paused };
    case 'slowed':
      return changeRoom(state, event.room, (room) => ({ ...room, slowUntil: event.until }));
    case 'joining':
      return withRoom(state, event.room);
    case 'joinFailed':
      return joinFailed(state, event);
    case 'requestFailed':
      return requestFailed(state, event);
    case 'frame':
      return onFrame(state, event.frame);
    case 'remembered':
      return event.rooms.reduce(remember, state);
    case 'activated':
      return readActive(activate(state, event.room));
    case 'left':
      return removeRoom(close(state, event.room), event.room);
    case 'attention':
      return readActive(markActive({ ...state, attentive: event.attentive }));
    case 'following':
      return readActive(
        changeRoom(state, event.room, (room) =>
          room.following === event.following ? room : { ...room, following: event.following },
        ),
      );
    case 'olderAsked':
      return changeRoom(state, event.room, (room) => ({ ...room, older: 'loading' }));
    case 'directoryAsked':
      return { ...state, directory: { ...state.directory, loading: true, asked: event.offset, error: null } };
    case 'drafted':
      return { ...state, drafts: { ...state.drafts, [event.room]: event.text } };
    case 'draftsRemembered':
      return { ...state, drafts: { ...event.drafts, ...state.drafts } };
    case 'wrote':
      return readActive(
        changeRoom({ ...state, drafts: { ...state.drafts, [event.room]: '' } }, event.room, (room) => ({
          ...room,
          marker: null,
          following: true,
        })),
      );
    case 'noticed':
      return notice(state, event.text, event.room ?? null);
    case 'met':
      return event.users.reduce(upsert, state);
    case 'marked':
      return changeRoom(state, event.room, (room) => onMark(room, event.uuid, event.mark));
    case 'composing': {
      const { [event.room]: before, ...others } = state.composing;
      const composing = event.composing === null ? others : { ...others, [event.room]: event.composing };
      return { ...state, composing };
    }
    case 'attached':
      return changeAttachments(state, event.room, (known) => [...known, event.attachment]);
    case 'attachmentChanged':
      return changeAttachments(state, event.room, (known) =>
        known.map((it) => (it.id === event.id ? { ...it, ...event.change } : it)),
      );
    case 'detached':
      return changeAttachments(state, event.room, (known) => known.filter(({ id }) => id !== event.id));
    case 'typingExpired':
      return changeRoom(state, event.room, (room) => onTypingExpired(room, event.uuid));
    case 'dismissed':
      return { ...state, notices: state.notices.filter(({ id }) => id !== event.id) };
  }
}

function forgetUser(state: AppState): AppState {
  const { status, server, attentive } = state;
  return { ...INITIAL_STATE, status, server, attentive };
}

function signedIn(state: AppState, session: Session, fresh: boolean): AppState {
  const base = fresh ? forgetUser(state) : state;
  const { userUUID: UUID, username: Username, guest: Guest } = session;
  const known = base.people[UUID];
  const next = {
    ...base,
    me: session,
    signIn: { busy: false, error: null, ended: null },
  };
  // What we chose to be called outlives a lost connection.
  return known === undefined ? upsert(next, { UUID, Username, OnLine: true, Guest }) : next;
}

function notice(state: AppState, text: string, room: RoomKey | null = null, kind: Notice['kind'] = 'text'): AppState {
  const id = state.noticeCount + 1;
  return { ...state, notices: [...state.notices, { id, kind, text, room }], noticeCount: id };
}

function changeAttachments(
  state: AppState,
  room: RoomKey,
  change: (known: readonly Attachment[]) => readonly Attachment[],
): AppState {
  return { ...state, attachments: { ...state.attachments, [room]: change(state.attachments[room] ?? []) } };
}

// Rooms.

function withRoom(state: AppState, key: RoomKey): AppState {
  const room = state.rooms[key];
  if (room !== undefined) {
    return room.phase === 'joining' ? state : changeRoom(state, key, (known) => ({ ...known, phase: 'joining' }));
  }
  return addRoom(state, newRoom(key, state.closed[key]?.read ?? null));
}

/** Notes how far a private room was read, for when it comes back. */
function close(state: AppState, key: RoomKey): AppState {
  const room = state.rooms[key];
  if (room === undefined || addressOf(key).kind !== 'private') return state;
  return { ...state, closed: { ...state.closed, [key]: { at: room.at, read: room.read } } };
}

/** Nobody is told of a private room that was joined for them; it is joined when they open it. */
function joinFailed(state: AppState, { room, error }: Extract<ClientEvent, { type: 'joinFailed' }>): AppState {
  const removal = removalOf(error);
  if (removal !== null) return shut(state, room, removal);
  if (room === GENERAL) return notice(state, error.error);
  const isAside = addressOf(room).kind === 'private' && room !== state.active;
  if (!isAside) return notice(removeRoom(state, room), error.error);
  return error.reason === 'tooManyRooms'
    ? changeRoom(state, room, (known) => ({ ...known, phase: 'listed' }))
    : removeRoom(state, room);
}

function removeRoom(state: AppState, key: RoomKey): AppState {
  const { [key]: removed, ...rooms } = state.rooms;
  const order = state.order.filter((other) => other !== key);
  const next = { ...state, rooms, order };
  return state.active === key ? readActive(activate(next, GENERAL)) : next;
}

function remember(state: AppState, remembered: RememberedRoom): AppState {
  const { key, name, at = null, read = null, closed } = remembered;
  if (state.rooms[key] !== undefined) return state;
  const address = addressOf(key);
  const named =
    address.kind === 'private' && name !== undefined
      ? upsert(state, { UUID: address.userUUID, Username: name })
      : state;
  if (closed === true) return { ...named, closed: { ...named.closed, [key]: { at, read } } };
  return addRoom(named, { ...newRoom(key, read, address.kind === 'private' ? 'listed' : 'joining'), at });
}

function activate(state: AppState, key: RoomKey): AppState {
  const left = changeRoom(state, state.active, (room) =>
    state.active === key || room.marker === null ? room : { ...room, marker: null },
  );
  const opened = changeRoom(withRoomIfMissing(left, key), key, (room) => ({ ...room, following: true }));
  return markActive({ ...opened, active: key });
}

function withRoomIfMissing(state: AppState, key: RoomKey): AppState {
  return state.rooms[key] === undefined ? withRoom(state, key) : state;
}

/** Draws the line "new" where somebody goes on reading. */
function markActive(state: AppState): AppState {
  if (!state.attentive) return state;
  return changeRoom(state, state.active, (room) =>
    room.unread > 0 && room.read?.epoch === room.epoch ? { ...room, marker: room.read.seq } : room,
  );
}

/** What stands on a page that somebody looks at has been read. */
function readActive(state: AppState): AppState {
  if (!state.attentive) return state;
  return changeRoom(state, state.active, (room) =>
    room.following && room.phase === 'joined' ? onRead(room) : room,
  );
}

// What the gateway says.

function onFrame(state: AppState, frame: ServerFrame): AppState {
  const me = state.me?.userUUID ?? '';
  switch (frame.type) {
    case 'users': {
      const { users, total } = frame.users;
      const listed = new Set([...state.listed, ...users.map(({ UUID }) => UUID)]);
      return users.reduce(upsert, { ...state, listed: [...listed], listedTotal: total });
    }
    case 'rooms': {
      const { rooms, total } = frame.rooms;
      const before = state.directory.asked === 0 ? [] : state.directory.rooms.slice(0, state.directory.asked);
      const directory = { ...state.directory, rooms: [...before, ...rooms], total, loading: false, error: null };
      return { ...state, directory };
    }
    case 'privateRooms':
      return frame.privateRooms.rooms.reduce(onListed, state);
    case 'channelJoin': {
      const joined = frame.channelJoin;
      const met = meetSenders(joined.users.reduce(recall, state), joined.messages);
      const next = changeRoom(met, keyOf(joined), (room) => onJoined(room, joined, me));
      return readActive(keyOf(joined) === state.active ? markActive(next) : next);
    }
    case 'channelMessage': {
      const message = frame.channelMessage;
      const met = hear(state, message);
      return readActive(changeRoom(met, roomOf(message), (room) => onMessage(room, message, me)));
    }
    case 'messageChange': {
      const change = frame.messageChange;
      const met = change.message === undefined ? state : meetSenders(state, [change.message]);
      return readActive(changeRoom(met, keyOf(change), (room) => onChange(room, change)));
    }
    case 'messageMark': {
      const { uuid, reactions, vote } = frame.messageMark;
      return changeRoom(state, keyOf(frame.messageMark), (room) => onMark(room, uuid, { reactions, vote }));
    }
    case 'roomInfo':
      return changeRoom(state, keyOf(frame.roomInfo), (room) => onDetails(room, frame.roomInfo));
    case 'unread':
      return readActive(onCountedRooms(state, frame.unread.rooms));
    case 'profile':
      return upsert(state, frame.profile.user);
    case 'channelMessages': {
      const page = frame.channelMessages;
      return changeRoom(meetSenders(state, page.messages), keyOf(page), (room) => onHistory(room, page));
    }
    case 'channelLeave': {
      // Leaving is ours to say, and then the room is gone from here already.
      const who = frame.userUUID;
      if (who === undefined || who === me) return state;
      return changeRoom(state, keyOf(frame.channelLeave), (room) =>
        memberLeft(room, who, frame.channelLeave.usersTotal),
      );
    }
    case 'sys':
      if (frame.sys.type === 'privateMessage') return onPrivateMessage(state, frame.sys.privateMessage);
      return noted(onSys(state, frame.sys, frame.user));
    default:
      return state;
  }
}

function noted({ state, mentioned }: Seen): AppState {
  return mentioned === null ? state : notice(state, mentioned.by, mentioned.room, 'mention');
}

/** A private room with messages. One that was closed since stays so. */
function onListed(state: AppState, { recipientUUID, user, lastMessageAt }: PrivateRoom): AppState {
  const met = recall(state, user);
  const key = privateRoom(recipientUUID);
  const closed = met.closed[key];
  const at = later(met.rooms[key]?.at ?? closed?.at ?? null, { CreatedAt: lastMessageAt });
  if (met.rooms[key] !== undefined) return changeRoom(met, key, (room) => ({ ...room, at }));
  if (closed !== undefined && closed.at === at) return met;
  return addRoom(met, { ...newRoom(key, closed?.read ?? null, 'listed'), at });
}

/** Somebody wrote in a private room. To one that is joined the message itself comes. */
function onPrivateMessage(state: AppState, { recipientUUID, user, epoch, seq }: PrivateMessage): AppState {
  const key = privateRoom(recipientUUID);
  const known = state.rooms[key];
  if (known !== undefined && known.phase !== 'listed') return state;
  const read = known?.read ?? state.closed[key]?.read ?? null;
  const last = read?.epoch === epoch ? read.seq : null;
  // Of a message that was read before the room was closed.
  if (known === undefined && last !== null && seq <= last) return state;
  const met = recall(state, user);
  const listed = known === undefined ? addRoom(met, newRoom(key, read, 'listed')) : met;
  // How many there are shows when the room is joined; until then it is the latest room.
  const unread = last === null ? 1 : Math.max(1, seq - last);
  return changeRoom(listed, key, (room) => ({ ...room, at: null, unread }));
}

function acknowledged(state: AppState, entry: Outgoing, ack: Ack): AppState {
  const { me } = state;
  if (me === null) return state;
  const message: Message = {
    UUID: ack.UUID,
    SenderUUID: me.userUUID,
    Sender: {
      UUID: me.userUUID,
      Username: me.username,
      DisplayName: state.people[me.userUUID]?.name ?? me.username,
    },
    ...(ack.room === undefined ? { RecipientUUID: ack.recipientUUID ?? '' } : { Room: ack.room }),
    Message: entry.text,
    ...(entry.extras.quote === undefined ? {} : { ReplyTo: entry.extras.quote }),
    ...(entry.extras.photo === undefined ? {} : { Photo: entry.extras.photo }),
    ...(entry.extras.poll === undefined ? {} : { Poll: pollOf(entry.extras.poll, ack) }),
    ClientMessageId: entry.id,
    CreatedAt: ack.CreatedAt,
    Seq: ack.Seq,
    Epoch: ack.Epoch,
  };
  return readActive(changeRoom(state, entry.room, (room) => onMessage(room, message, me.userUUID)));
}

/** As the server has stored it. */
function pollOf(asked: NonNullable<Outgoing['extras']['poll']>, ack: Ack): NonNullable<Message['Poll']> {
  const { options, multiple = false, anonymous = false, closesInSeconds } = asked;
  const closesAt = closesInSeconds === undefined ? NaN : Date.parse(ack.CreatedAt) + closesInSeconds * 1_000;
  return {
    Options: options,
    Multiple: multiple,
    Anonymous: anonymous,
    ...(Number.isNaN(closesAt) ? {} : { ClosesAt: new Date(closesAt).toISOString() }),
  };
}

function requestFailed(state: AppState, event: Extract<ClientEvent, { type: 'requestFailed' }>): AppState {
  switch (event.request) {
    case 'history':
      return event.room === null ? state : changeRoom(state, event.room, (room) => ({ ...room, older: 'failed' }));
    case 'rooms':
      return { ...state, directory: { ...state.directory, loading: false, error: event.error } };
    case 'users':
    case 'privateRooms':
      return state;
  }
}
