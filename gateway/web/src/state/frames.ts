/** How the page's data changes with what the gateway says. */

import { keyOf, privateRoom, roomOf, type PrivateMessage, type PrivateRoom, type ServerFrame } from '@parlor/client/protocol';
import { markActive, markUnseen, readActive } from './active.ts';
import { onChange, onMark } from './changes.ts';
import type { AppState } from './model.ts';
import { notice } from './notices.ts';
import { hear, meetSenders, recall, upsert } from './people.ts';
import { later, memberLeft, newRoom, onJoined, onMessage } from './room.ts';
import { addRoom, changeRoom } from './rooms.ts';
import { onCountedRooms, onDetails, onSys, type Seen } from './sys.ts';

export function onFrame(state: AppState, frame: ServerFrame): AppState {
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
      const key = roomOf(message);
      const heard = changeRoom(hear(state, message), key, (room) => onMessage(room, message, me));
      // Where somebody reads further up, the line "new" goes before the first that they do not see.
      const isFirstUnseen = key === state.active && state.rooms[key]?.unread === 0;
      return readActive(isFirstUnseen ? markUnseen(heard) : heard);
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
  return mentioned === null ? state : notice(state, { kind: 'mention', text: mentioned.by, room: mentioned.room });
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
