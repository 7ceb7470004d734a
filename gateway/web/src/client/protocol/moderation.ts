/** Roles, rooms' settings, and what moderators do. */

import { count, flag, list, object, optional, text, type Infer } from './schema.ts';
import { roomFields, roomRef, user } from './values.ts';

const settingsFields = {
  /** `public`, `unlisted` or `invite`. */
  access: optional(text),
  /** `everyone`, `members` or `moderators`. */
  write: optional(text),
  slowSeconds: optional(count),
  topic: optional(text),
  historyMessages: optional(count),
  historySeconds: optional(count),
  closed: optional(flag),
};
export const settings = object(settingsFields);
export type Settings = Infer<typeof settings>;

const target = { ...roomFields, userUUID: text };
const reason = { reason: optional(text) };
const span = { seconds: optional(count) };
const page = { offset: optional(count), limit: optional(count) };

export const moderationRequests = {
  roomInfo: roomRef,
  roomCreate: object({ ...roomFields, ...settingsFields }),
  roomUpdate: object({ ...roomFields, ...settingsFields }),
  roomInvite: object(target),
  roomRole: object({ ...target, role: text }),
  roomKick: object({ ...target, ...reason }),
  roomBan: object({ ...target, ...span, ...reason }),
  roomUnban: object(target),
  roomMute: object({ ...target, ...span, ...reason }),
  roomUnmute: object(target),
  roomClose: roomRef,
  roomReopen: roomRef,
  roomMembers: object({ ...roomFields, ...page }),
  roomBans: object({ ...roomFields, ...page }),
  userRole: object({ userUUID: text, role: text }),
  userBan: object({ userUUID: text, ...span, ...reason }),
  userUnban: object({ userUUID: text }),
  userDelete: object({ userUUID: text, password: optional(text) }),
  auditLog: object({ before: optional(text), limit: optional(count) }),
  messageReport: object({ ...roomFields, uuid: text, seq: count, reason: text }),
} as const;

const roomInfo = object({
  ...roomFields,
  ...settingsFields,
  ownerUUID: optional(text),
  /** Our own there; left out for none. */
  role: optional(text),
  /** RFC 3339, or `forever`; left out for who is not muted. */
  mutedUntil: optional(text),
  /** How many have a role in the room. */
  members: count,
  /** How many are in it now. */
  usersTotal: optional(count),
});
export type RoomDetails = Infer<typeof roomInfo>;

const roomMember = object({ user, role: optional(text), mutedUntil: optional(text) });
export type RoomMember = Infer<typeof roomMember>;

const roomBan = object({
  user,
  until: optional(text),
  reason: optional(text),
  /** Left out for the operator. */
  byUUID: optional(text),
  at: text,
});
export type RoomBan = Infer<typeof roomBan>;

const auditEntry = object({
  id: text,
  at: text,
  byUUID: optional(text),
  /** Their name, or `operator`. */
  by: text,
  /** The request's type, or the command. */
  action: text,
  ...roomFields,
  userUUID: optional(text),
  user: optional(text),
  detail: optional(text),
});
export type AuditEntry = Infer<typeof auditEntry>;

export const moderationFrames = {
  roomInfo,
  roomMembers: object({ ...roomFields, total: count, received: count, members: list(roomMember) }),
  roomBans: object({ ...roomFields, total: count, received: count, bans: list(roomBan) }),
  /** The latest first. */
  auditLog: object({ entries: list(auditEntry), more: flag }),
  done: object({}),
} as const;

export const moderationSys = {
  roomChanged: object({ ...roomFields, ...settingsFields }),
  /** We are out of the room: `kicked`, `banned` or `closed`. */
  removed: object({ ...roomFields, why: text, until: optional(text), ...reason }),
  /** Without `until` it is for good. */
  muted: object({ ...roomFields, muted: flag, until: optional(text) }),
  /** In a room, where one is named, or on the whole server. `none` is no role. */
  roleChanged: object({ ...roomFields, role: text }),
} as const;
export type Removed = Infer<(typeof moderationSys)['removed']>;
