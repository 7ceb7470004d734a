/** Reading, typing, profiles and sessions. */

import { count, flag, list, object, optional, text, type Infer } from './schema.ts';
import { roomFields, user } from './values.ts';

const page = { offset: optional(count), limit: optional(count) };

export const peopleRequests = {
  readTo: object({ ...roomFields, seq: count }),
  unread: object(page),
  typing: object({ ...roomFields, on: flag }),
  profile: object({ userUUID: text }),
  profileUpdate: object({ displayName: optional(text), color: optional(text), avatar: optional(text) }),
  passwordChange: object({ old: text, new: text }),
  sessions: undefined,
  sessionEnd: object({ sessionUUID: text }),
} as const;

const unreadRoom = object({
  ...roomFields,
  epoch: text,
  /** The last `Seq` of the room when this was counted. */
  seq: count,
  read: count,
  unread: count,
  mentions: count,
  lastMessageAt: optional(text),
});
export type UnreadRoom = Infer<typeof unreadRoom>;
const unread = object({ total: count, received: count, rooms: list(unreadRoom) });
export type Unread = Infer<typeof unread>;

const profile = object({
  user,
  createdAt: text,
  role: text,
  online: flag,
});
export type Profile = Infer<typeof profile>;

const sessionInfo = object({
  sessionUUID: text,
  createdAt: text,
  lastSeenAt: text,
  /** The one that asks. */
  current: flag,
  online: flag,
  /** What the client calls itself. */
  client: optional(text),
});
export type SessionInfo = Infer<typeof sessionInfo>;

export const peopleFrames = {
  unread,
  profile,
  sessions: object({ sessions: list(sessionInfo) }),
} as const;

const typing = object({ ...roomFields, userUUID: text, username: text, on: flag });
export type Typing = Infer<typeof typing>;

const mention = object({ ...roomFields, uuid: text, seq: count, epoch: text, sender: user });
export type Mention = Infer<typeof mention>;

export const peopleSys = {
  /** We read on another device. */
  read: object({ ...roomFields, seq: count, epoch: text }),
  mention,
  typing,
  /** Our session is ended: `passwordChanged` or `sessionEnded`. */
  signedOut: object({ why: text }),
} as const;
