/** Frames as the gateway would send them, with what a test leaves out filled in. */

import {
  refOf,
  type ChannelJoined,
  type ErrorBody,
  type Message,
  type RequestId,
  type RoomKey,
  type ServerFrame,
  type User,
} from '../../protocol/index.ts';

export const EPOCH = 'e1';
export const ME = 'me-uuid';
export const ANN: User = { UUID: 'ann-uuid', Username: 'Ann', OnLine: true };
export const SELF: User = { UUID: ME, Username: 'Me', OnLine: true };

export const greeting: Extract<ServerFrame, { type: 'ready' }> = {
  type: 'ready',
  ready: {
    sessionUUID: 'session-1',
    version: '0.1.0',
    pingIntervalMs: 25_000,
    frameBytes: 65_536,
    messageCharacters: 4_000,
    historyPage: 100,
    guests: true,
    signUp: true,
    createRooms: true,
  },
};

export function authorizedFrame(id: RequestId | undefined, userUUID = ME, username = 'Me'): ServerFrame {
  return {
    ...(id === undefined ? {} : { id }),
    type: 'authorized',
    authorized: { userUUID, accessKey: `key-of-${userUUID}`, username, guest: false },
  };
}

export function messageIn(room: RoomKey, seq: number, more: Partial<Message> = {}): Message {
  const ref = refOf(room);
  return {
    UUID: `${more.Epoch ?? EPOCH}-${room}-${seq}`,
    SenderUUID: ANN.UUID,
    Sender: ANN,
    ...(ref.room === undefined ? { RecipientUUID: ref.recipientUUID ?? '' } : { Room: ref.room }),
    Message: `message ${seq}`,
    CreatedAt: new Date(Date.UTC(2026, 10, 21, 12, 0, seq)).toISOString(),
    Seq: seq,
    Epoch: EPOCH,
    ...more,
  };
}

export function messagesIn(room: RoomKey, from: number, to: number, epoch = EPOCH): Message[] {
  return Array.from({ length: to - from + 1 }, (_, index) => messageIn(room, from + index, { Epoch: epoch }));
}

export function messageFrame(message: Message): ServerFrame {
  return { type: 'channelMessage', channelMessage: message };
}

export function joinFrame(
  room: RoomKey,
  messages: Message[],
  more: Partial<ChannelJoined> = {},
  id?: RequestId,
): ServerFrame {
  const users = more.users ?? [SELF, ANN];
  return {
    ...(id === undefined ? {} : { id }),
    type: 'channelJoin',
    channelJoin: {
      ...refOf(room),
      messages,
      users,
      usersTotal: users.length,
      epoch: messages.at(-1)?.Epoch ?? EPOCH,
      seq: messages.at(-1)?.Seq ?? 0,
      more: (messages[0]?.Seq ?? 1) > 1,
      ...more,
    },
  };
}

export function ackFrame(room: RoomKey, clientMessageId: string, seq: number): ServerFrame {
  return {
    id: clientMessageId,
    type: 'ack',
    ack: {
      ...refOf(room),
      UUID: `${EPOCH}-${room}-${seq}`,
      Seq: seq,
      Epoch: EPOCH,
      CreatedAt: new Date(Date.UTC(2026, 10, 21, 12, 0, seq)).toISOString(),
      ClientMessageId: clientMessageId,
    },
  };
}

/** The user's private rooms, the latest first. */
export function privateRoomsFrame(rooms: readonly { user: User; at: string }[]): ServerFrame {
  return {
    type: 'privateRooms',
    privateRooms: {
      total: rooms.length,
      received: rooms.length,
      rooms: rooms.map(({ user, at }) => ({ recipientUUID: user.UUID, user, lastMessageAt: at })),
    },
  };
}

export function privateMessageFrame(user: User, seq: number, epoch = EPOCH): ServerFrame {
  return {
    type: 'sys',
    sys: { type: 'privateMessage', privateMessage: { recipientUUID: user.UUID, user, epoch, seq } },
  };
}

export function errorFrame(id: RequestId | undefined, reason: string, more: Partial<ErrorBody> = {}): ServerFrame {
  return {
    ...(id === undefined ? {} : { id }),
    type: 'error',
    error: { code: 0, reason, error: `it is ${reason}`, retryable: false, ...more },
  };
}
