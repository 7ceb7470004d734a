/** How the page's data changes with what happens. Pure: no time, no chance, no I/O. */

import {
  addressOf,
  GENERAL,
  keyOf,
  roomOf,
  type Ack,
  type Message,
  type Presence,
  type RoomKey,
  type ServerFrame,
  type User,
} from '../protocol/index.ts';
import type { ClientEvent, Outgoing, Session } from '../net/index.ts';
import { EMPTY_DIRECTORY, type AppState, type Person, type RememberedRoom, type Room } from './model.ts';
import {
  memberJoined,
  memberLeft,
  membersCounted,
  newRoom,
  onHistory,
  onJoined,
  onMessage,
  onRead,
} from './room.ts';

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
  | { type: 'noticed'; text: string }
  | { type: 'dismissed'; id: number };

export type AppEvent = ClientEvent | UserEvent;

export const INITIAL_STATE: AppState = {
  status: { name: 'idle' },
  server: null,
  me: null,
  signIn: { busy: false, error: null, ended: null },
  rooms: {},
  order: [],
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
  notices: [],
  noticeCount: 0,
};

export function reduce(state: AppState, event: AppEvent): AppState {
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
        signIn: { busy: false, error: null, ended: event.why === 'asked' ? null : event.why },
      };
    case 'outbox':
      return { ...state, outbox: event.entries };
    case 'acknowledged':
      return acknowledged(state, event.entry, event.ack);
    case 'held':
      return { ...state, hold: event.hold };
    case 'paused':
      return { ...state, paused: event.paused };
    case 'joining':
      return withRoom(state, event.room);
    case 'joinFailed':
      return notice(event.room === GENERAL ? state : removeRoom(state, event.room), event.error.error);
    case 'requestFailed':
      return requestFailed(state, event);
    case 'frame':
      return onFrame(state, event.frame);
    case 'remembered':
      return event.rooms.reduce(remember, state);
    case 'activated':
      return readActive(activate(state, event.room));
    case 'left':
      return removeRoom(state, event.room);
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
    case 'wrote':
      return readActive(
        changeRoom({ ...state, drafts: { ...state.drafts, [event.room]: '' } }, event.room, (room) => ({
          ...room,
          marker: null,
          following: true,
        })),
      );
    case 'noticed':
      return notice(state, event.text);
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
  const me: Person = { uuid: session.userUUID, name: session.username, online: true, guest: session.guest };
  return {
    ...base,
    me: session,
    signIn: { busy: false, error: null, ended: null },
    people: { ...base.people, [me.uuid]: me },
  };
}

function notice(state: AppState, text: string): AppState {
  const id = state.noticeCount + 1;
  return { ...state, notices: [...state.notices, { id, text }], noticeCount: id };
}

// Rooms.

function withRoom(state: AppState, key: RoomKey): AppState {
  const room = state.rooms[key];
  if (room !== undefined) {
    return room.phase === 'joining' ? state : changeRoom(state, key, (known) => ({ ...known, phase: 'joining' }));
  }
  return {
    ...state,
    rooms: { ...state.rooms, [key]: newRoom(key, null) },
    order: [...state.order, key],
  };
}

function changeRoom(state: AppState, key: RoomKey, change: (room: Room) => Room): AppState {
  const room = state.rooms[key];
  if (room === undefined) return state;
  const next = change(room);
  return next === room ? state : { ...state, rooms: { ...state.rooms, [key]: next } };
}

function removeRoom(state: AppState, key: RoomKey): AppState {
  const { [key]: removed, ...rooms } = state.rooms;
  const order = state.order.filter((other) => other !== key);
  const next = { ...state, rooms, order };
  return state.active === key ? readActive(activate(next, GENERAL)) : next;
}

function remember(state: AppState, remembered: RememberedRoom): AppState {
  const { key, name, read } = remembered;
  if (state.rooms[key] !== undefined) return state;
  const address = addressOf(key);
  const named =
    address.kind === 'private' && name !== undefined
      ? upsert(state, { UUID: address.userUUID, Username: name })
      : state;
  return {
    ...named,
    rooms: { ...named.rooms, [key]: newRoom(key, read ?? null) },
    order: [...named.order, key],
  };
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

// People.

function upsert(state: AppState, user: User): AppState {
  const known = state.people[user.UUID];
  const person: Person = {
    uuid: user.UUID,
    name: user.Username,
    online: user.OnLine ?? known?.online ?? false,
    guest: user.Guest ?? known?.guest ?? false,
  };
  const isSame =
    known !== undefined &&
    known.name === person.name &&
    known.online === person.online &&
    known.guest === person.guest;
  return isSame ? state : { ...state, people: { ...state.people, [person.uuid]: person } };
}

/** Who spoke is known by name; whether they are online a message does not tell. */
function meetSenders(state: AppState, messages: readonly Message[]): AppState {
  let next = state;
  for (const { Sender: { UUID, Username, Guest } } of messages) {
    if (next.people[UUID] !== undefined) continue;
    next = upsert(next, { UUID, Username, ...(Guest === undefined ? {} : { Guest }) });
  }
  return next;
}

function onPresence(state: AppState, presence: Presence): AppState {
  const { userUUID, username, onLine, usersTotal } = presence;
  const counted = changeRoom(state, keyOf(presence), (room) =>
    membersCounted(room, usersTotal, userUUID, onLine ?? false),
  );
  if (userUUID === undefined || userUUID === state.me?.userUUID) return counted;
  const Username = username ?? state.people[userUUID]?.name;
  if (Username === undefined || onLine === undefined) return counted;
  return upsert(counted, { UUID: userUUID, Username, OnLine: onLine });
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
    case 'channelJoin': {
      const joined = frame.channelJoin;
      const met = meetSenders(joined.users.reduce(upsert, state), joined.messages);
      const next = changeRoom(met, keyOf(joined), (room) => onJoined(room, joined, me));
      return readActive(keyOf(joined) === state.active ? markActive(next) : next);
    }
    case 'channelMessage': {
      const message = frame.channelMessage;
      const met = meetSenders(state, [message]);
      return readActive(changeRoom(met, roomOf(message), (room) => onMessage(room, message, me)));
    }
    case 'channelMessages': {
      const page = frame.channelMessages;
      return changeRoom(meetSenders(state, page.messages), keyOf(page), (room) => onHistory(room, page));
    }
    case 'channelLeave': {
      // Leaving is ours to say, and then the room is gone from here already.
      const who = frame.userUUID;
      if (who === undefined || who === me) return state;
      return changeRoom(state, keyOf(frame.channelLeave), (room) => memberLeft(room, who));
    }
    case 'sys':
      if (frame.sys.type === 'presence') return onPresence(state, frame.sys.presence);
      if (frame.sys.type === 'channelJoin' && frame.user !== undefined) {
        const { user } = frame;
        const room = keyOf(frame.sys.channelJoin);
        return changeRoom(upsert(state, { ...user, OnLine: true }), room, (known) => memberJoined(known, user.UUID));
      }
      return state;
    default:
      return state;
  }
}

function acknowledged(state: AppState, entry: Outgoing, ack: Ack): AppState {
  const { me } = state;
  if (me === null) return state;
  const message: Message = {
    UUID: ack.UUID,
    SenderUUID: me.userUUID,
    Sender: { UUID: me.userUUID, Username: me.username },
    ...(ack.room === undefined ? { RecipientUUID: ack.recipientUUID ?? '' } : { Room: ack.room }),
    Message: entry.text,
    ClientMessageId: entry.id,
    CreatedAt: ack.CreatedAt,
    Seq: ack.Seq,
    Epoch: ack.Epoch,
  };
  return readActive(changeRoom(state, entry.room, (room) => onMessage(room, message, me.userUUID)));
}

function requestFailed(state: AppState, event: Extract<ClientEvent, { type: 'requestFailed' }>): AppState {
  switch (event.request) {
    case 'history':
      return event.room === null ? state : changeRoom(state, event.room, (room) => ({ ...room, older: 'failed' }));
    case 'rooms':
      return { ...state, directory: { ...state.directory, loading: false, error: event.error } };
    case 'users':
      return state;
  }
}
