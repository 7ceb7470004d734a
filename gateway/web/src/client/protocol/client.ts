/** What clients send: one block per `type`, see `shared/PROTOCOL.md`. */

import {
  attempt,
  count,
  flag,
  isRecord,
  list,
  object,
  optional,
  SchemaError,
  text,
  type Infer,
  type Outcome,
  type Schema,
} from './schema.ts';
import { changeRequests, messageExtras } from './changes.ts';
import { moderationRequests } from './moderation.ts';
import { peopleRequests } from './people.ts';
import { requestId, roomFields, roomRef, type RequestId } from './values.ts';

const credentials = object({ username: text, password: text });
const guest = object({ nickname: text });
/** A JWT of an issuer that the server trusts. */
const token = object({ token: text });
const signIn: Schema<Infer<typeof credentials> | Infer<typeof guest> | Infer<typeof token>> = (
  value,
  path,
) => {
  if (isRecord(value) && 'nickname' in value) return guest(value, path);
  return isRecord(value) && 'token' in value ? token(value, path) : credentials(value, path);
};
const page = object({ offset: optional(count), limit: optional(count) });

const channelJoin = object({
  ...roomFields,
  /** Stay in the rooms joined before. */
  keepJoined: optional(flag),
  /** How many of the last messages to send. */
  limit: optional(count),
});

const channelMessage = object({
  ...roomFields,
  message: text,
  /** The same id sent again within five minutes is the same message. */
  clientMessageId: optional(text),
  ...messageExtras,
});

const channelMessages = object({
  ...roomFields,
  before: optional(count),
  after: optional(count),
  limit: optional(count),
});

const resume = object({
  userUUID: text,
  accessKey: text,
  /** The last message received in each room. */
  rooms: list(object({ ...roomFields, epoch: text, seq: count })),
});

/** The blocks, by `type`. `undefined` stands for a request that has none. */
const blocks = {
  signUp: credentials,
  signIn,
  signOut: undefined,
  users: optional(object({ offset: optional(count), limit: optional(count), prefix: optional(text) })),
  channelJoin,
  channelLeave: roomRef,
  channelMessage,
  channelMessages,
  rooms: optional(page),
  privateRooms: optional(page),
  resume,
  ping: undefined,
  ...changeRequests,
  ...moderationRequests,
  ...peopleRequests,
} as const;

type Blocks = typeof blocks;
export type ClientFrameType = keyof Blocks;

type Framed<K extends ClientFrameType> = { id?: RequestId; type: K } & (Blocks[K] extends undefined
  ? unknown
  : Blocks[K] extends Schema<infer T>
    ? Record<K, T>
    : Blocks[K] extends { optional: Schema<infer T> }
      ? Partial<Record<K, T>>
      : never);

export type ClientFrame = { [K in ClientFrameType]: Framed<K> }[ClientFrameType];

export const CLIENT_FRAME_TYPES = Object.keys(blocks) as ClientFrameType[];

export function encodeClientFrame(frame: ClientFrame): string {
  return JSON.stringify(frame);
}

/** Reads a request; for tests and tools that play the server. */
export function decodeClientFrame(raw: string): Outcome<ClientFrame> {
  return attempt(() => {
    const value = parseObject(raw);
    const type = value['type'];
    if (typeof type !== 'string' || !Object.hasOwn(blocks, type)) {
      throw new SchemaError('the type is unknown');
    }
    const frame: Record<string, unknown> = {};
    if (value['id'] !== undefined) frame['id'] = requestId(value['id'], 'id');
    frame['type'] = type;
    const block = blocks[type as ClientFrameType];
    if (typeof block === 'function') frame[type] = block(value[type], type);
    else if (block !== undefined && value[type] !== undefined) {
      frame[type] = block.optional(value[type], type);
    }
    return frame as ClientFrame;
  });
}

/** Parses a text that must be a JSON object. */
export function parseObject(raw: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    throw new SchemaError('the frame is not JSON');
  }
  if (!isRecord(value)) throw new SchemaError('the frame is not an object');
  return value;
}
