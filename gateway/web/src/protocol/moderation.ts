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
  messageReport: object({ ...roomFields, uuid: text, seq: count, reason: optional(text) }),
} as const;

const roomInfo = object({
  ...roomFields,
  ...settingsFields,
  ownerUUID: optional(text),
  /** Our own there. */
  role: optional(text),
  mutedUntil: optional(text),
  members: optional(count),
});
export type RoomDetails = Infer<typeof roomInfo>;

const roomMember = object({ user, role: optional(text), mutedUntil: optional(text) });
export type RoomMember = Infer<typeof roomMember>;

const roomBan = object({
  user,
  until: optional(text),
  reason: optional(text),
  byUUID: optional(text),
  by: optional(text),
  at: optional(text),
});
export type RoomBan = Infer<typeof roomBan>;

const auditEntry = object({
  id: text,
  at: text,
  byUUID: optional(text),
  by: optional(text),
  action: text,
  room: optional(text),
  userUUID: optional(text),
  user: optional(text),
  detail: optional(text),
});
export type AuditEntry = Infer<typeof auditEntry>;

export const moderationFrames = {
  roomInfo,
  roomMembers: object({ ...roomFields, total: optional(count), members: list(roomMember) }),
  roomBans: object({ ...roomFields, total: optional(count), bans: list(roomBan) }),
  auditLog: object({ entries: list(auditEntry) }),
  done: object({}),
} as const;

export const moderationSys = {
  roomChanged: object({ ...roomFields, ...settingsFields }),
  /** We are out of the room: `kicked`, `banned` or `closed`. */
  removed: object({ ...roomFields, why: text, until: optional(text), ...reason }),
  /** Without `until` we may speak again. */
  muted: object({ ...roomFields, until: optional(text), ...reason }),
  /** Without a room it is the role on the whole server. */
  roleChanged: object({ ...roomFields, role: text }),
} as const;
export type Removed = Infer<(typeof moderationSys)['removed']>;
