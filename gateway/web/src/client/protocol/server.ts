/** What the gateway sends: one block per `type`, see `shared/PROTOCOL.md`. */

import { changeFrames, marks, messageChange } from './changes.ts';
import { parseObject } from './client.ts';
import { moderationFrames, moderationSys, settings } from './moderation.ts';
import { peopleFrames, peopleSys } from './people.ts';
import {
  attempt,
  count,
  flag,
  list,
  object,
  optional,
  SchemaError,
  text,
  type Infer,
  type Outcome,
  type Schema,
} from './schema.ts';
import {
  errorBody,
  message,
  requestId,
  roomFields,
  user,
  type RequestId,
  type User,
} from './values.ts';

const ready = object({
  sessionUUID: text,
  version: text,
  pingIntervalMs: count,
  frameBytes: count,
  messageCharacters: count,
  historyPage: count,
  /** Whether a nickname is enough to sign in. */
  guests: flag,
  signUp: flag,
  /** Whether joining an unknown named room creates it. */
  createRooms: flag,
  /** How large photos may be; left out where there are none. */
  photos: optional(object({ bytes: count, megapixels: count })),
});
export type Ready = Infer<typeof ready>;

const authorized = object({
  userUUID: text,
  /** For `resume`; kept like a password. */
  accessKey: text,
  username: text,
  guest: flag,
  /** On the whole server: `admin`, `moderator`, `member` or `guest`. */
  role: optional(text),
});
export type Authorized = Infer<typeof authorized>;

const channelJoin = object({
  ...roomFields,
  /** Oldest first. */
  messages: list(message),
  users: list(user),
  usersTotal: count,
  epoch: text,
  seq: count,
  /** Whether there is history before the first of `messages`. */
  more: flag,
  /** Only after a `resume`. */
  recovered: optional(flag),
  /** With a recovered `resume`: the changes missed, which with `messages` are every `Seq` missed. */
  changes: optional(list(messageChange)),
  marks: optional(marks),
  /** Our own in the room. */
  role: optional(text),
  topic: optional(text),
  canWrite: optional(flag),
  settings: optional(settings),
  /** How far we have read. */
  read: optional(count),
});
export type ChannelJoined = Infer<typeof channelJoin>;

const channelMessages = object({
  ...roomFields,
  messages: list(message),
  epoch: text,
  seq: count,
  more: flag,
  marks: optional(marks),
});
export type History = Infer<typeof channelMessages>;

const ack = object({
  ...roomFields,
  UUID: text,
  Seq: count,
  Epoch: text,
  CreatedAt: text,
  ClientMessageId: optional(text),
});
export type Ack = Infer<typeof ack>;

const users = object({ total: count, received: count, users: list(user) });
export type Users = Infer<typeof users>;

const roomInfo = object({
  room: text,
  users: count,
  /** `unlisted` or `invite`, where we may see one that is; left out for public ones. */
  access: optional(text),
});
export type RoomInfo = Infer<typeof roomInfo>;
const rooms = object({ total: count, received: count, rooms: list(roomInfo) });
export type Rooms = Infer<typeof rooms>;

const privateRoom = object({
  /** The other user, as in `user`. */
  recipientUUID: text,
  user,
  /** RFC 3339, to about a second. */
  lastMessageAt: text,
});
export type PrivateRoom = Infer<typeof privateRoom>;
/** The latest first. */
const privateRooms = object({ total: count, received: count, rooms: list(privateRoom) });
export type PrivateRooms = Infer<typeof privateRooms>;

const resume = object({
  rooms: list(
    object({
      ...roomFields,
      recovered: flag,
      epoch: text,
      seq: count,
      /** Why the room could not be joined again. */
      error: optional(errorBody),
    }),
  ),
});
export type Resumed = Infer<typeof resume>;

const presence = object({
  ...roomFields,
  /** Left out in large rooms, as are the next two. */
  userUUID: optional(text),
  username: optional(text),
  onLine: optional(flag),
  usersTotal: count,
});
export type Presence = Infer<typeof presence>;

/** Somebody wrote to us privately: a hint to join the room. */
const privateMessage = object({ recipientUUID: text, user, epoch: text, seq: count });
export type PrivateMessage = Infer<typeof privateMessage>;

const sysBlocks = {
  signIn: object({ uuid: text, username: text }),
  channelJoin: object({ ...roomFields, usersTotal: optional(count) }),
  presence,
  privateMessage,
  sending: object({ paused: flag }),
  reconnect: object({ delayMs: count }),
  resync: object({ ...roomFields, epoch: text, seq: count }),
  ...moderationSys,
  ...peopleSys,
} as const;

type SysBlocks = typeof sysBlocks;
export type SysType = keyof SysBlocks;
export type Sys = {
  [K in SysType]: { type: K } & Record<K, Infer<SysBlocks[K]>>;
}[SysType];
export const SYS_TYPES = Object.keys(sysBlocks) as SysType[];

const sys: Schema<Sys> = (value, path) => {
  const { type } = object({ type: text })(value, path);
  if (!Object.hasOwn(sysBlocks, type)) throw new SchemaError(`${path}.type is unknown`);
  const block: Schema<unknown> = sysBlocks[type as SysType];
  return object({ type: text, [type]: block })(value, path) as unknown as Sys;
};

const blocks = {
  ready,
  authorized,
  signOut: object({ uuid: text }),
  users,
  channelJoin,
  channelLeave: object({ ...roomFields, usersTotal: optional(count) }),
  channelMessage: message,
  channelMessages,
  rooms,
  privateRooms,
  ack,
  resume,
  pong: object({ time: count }),
  sys,
  error: errorBody,
  ...changeFrames,
  ...moderationFrames,
  ...peopleFrames,
} as const;

type Blocks = typeof blocks;
export type ServerFrameType = keyof Blocks;

/** What stands beside the block, where the demo has it: who it is about, from which session. */
interface Origin {
  SUUID?: string;
  userUUID?: string;
  user?: User;
}

export type ServerFrameOf<K extends ServerFrameType> = { id?: RequestId; type: K } & Record<
  K,
  Infer<Blocks[K]>
> &
  Origin;

export type ServerFrame = { [K in ServerFrameType]: ServerFrameOf<K> }[ServerFrameType];

export const SERVER_FRAME_TYPES = Object.keys(blocks) as ServerFrameType[];

const origin = object({ SUUID: optional(text), userUUID: optional(text), user: optional(user) });

/** Reads a frame of the gateway. A type that this client doesn't know is a problem to be ignored. */
export function decodeServerFrame(raw: string): Outcome<ServerFrame> {
  return attempt(() => {
    const value = parseObject(raw);
    const type = value['type'];
    if (typeof type !== 'string' || !Object.hasOwn(blocks, type)) {
      throw new SchemaError('the type is unknown');
    }
    const frame: Record<string, unknown> = { ...origin(value, 'frame'), type };
    if (value['id'] !== undefined && value['id'] !== null) frame['id'] = requestId(value['id'], 'id');
    const block: Schema<unknown> = blocks[type as ServerFrameType];
    frame[type] = block(value[type], type);
    return frame as ServerFrame;
  });
}

/** Writes a frame of the gateway; for tests that play the server. */
export function encodeServerFrame(frame: ServerFrame): string {
  return JSON.stringify(frame);
}
