/** What is worth telling somebody who does not look at the page. */

import { addressOf, keyOf, privateRoom, roomOf, type Message, type RoomKey, type ServerFrame, type User } from '@parlor/client/protocol';
import type { AppState } from './model.ts';
import { names } from './room.ts';

export interface Alert {
  /** `mention`: it names us. `message`: any other, in a room for all. */
  readonly kind: 'private' | 'mention' | 'message';
  readonly room: RoomKey;
  /** Who said it. */
  readonly by: string;
  /** What was said; `null` where that is not known here. */
  readonly text: string | null;
}

/** `state` is what the page shows after the frame. Nothing, while somebody looks. */
export function alertOf(state: AppState, frame: ServerFrame): Alert | null {
  if (state.attentive || state.me === null) return null;
  switch (frame.type) {
    case 'channelMessage':
      return loudest(state, [frame.channelMessage]);
    case 'channelJoin':
      // What a lost connection kept from us; any other page of a join tells old news too.
      return frame.channelJoin.recovered === true ? loudest(state, frame.channelJoin.messages) : null;
    case 'sys':
      return hintOf(state, frame);
    default:
      return null;
  }
}

/** The last private message or mention, or without one the last message. */
function loudest(state: AppState, messages: readonly Message[]): Alert | null {
  const alerts = messages.map((message) => alertFor(state, message)).filter((alert) => alert !== null);
  return alerts.findLast(({ kind }) => kind !== 'message') ?? alerts.at(-1) ?? null;
}

function alertFor(state: AppState, message: Message): Alert | null {
  const me = state.me?.userUUID ?? '';
  const room = roomOf(message);
  const read = state.rooms[room]?.read;
  const isRead = read?.epoch === message.Epoch && message.Seq <= read.seq;
  if (message.SenderUUID === me || message.Deleted === true || isRead) return null;
  const kind = addressOf(room).kind === 'private' ? 'private' : names(message, me) ? 'mention' : 'message';
  return { kind, room, by: nameOf(state, message.Sender), text: message.Message };
}

/** Of rooms that are not joined a hint is all that comes; in the others the message itself does. */
function hintOf(state: AppState, { sys }: Extract<ServerFrame, { type: 'sys' }>): Alert | null {
  const hint =
    sys.type === 'mention'
      ? { kind: 'mention' as const, room: keyOf(sys.mention), by: nameOf(state, sys.mention.sender) }
      : sys.type === 'privateMessage'
        ? { kind: 'private' as const, room: privateRoom(sys.privateMessage.recipientUUID), by: nameOf(state, sys.privateMessage.user) }
        : null;
  return hint === null || state.rooms[hint.room]?.phase === 'joined' ? null : { ...hint, text: null };
}

function nameOf(state: AppState, user: User): string {
  return state.people[user.UUID]?.name ?? user.DisplayName ?? user.Username;
}
