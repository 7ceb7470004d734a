/** Roles, rooms' settings and moderation: what is asked and what is answered. */

import { count, flag, list, object, optional, SchemaError, text, type Infer, type Schema } from './schema.ts';
import { roomFields, roomRef, user } from './values.ts';

/** One of some texts. */
function oneOf<const T extends string>(...texts: T[]): Schema<T> {
  return (value, path) => {
    const found = texts.find((known) => known === value);
    if (found === undefined) throw new SchemaError(`${path} is none of what it may be`);
    return found;
  };
}

export const siteRole = oneOf('guest', 'member', 'moderator', 'admin');
export type SiteRole = Infer<typeof siteRole>;
export const roomRole = oneOf('member', 'moderator', 'owner');
export type RoomRole = Infer<typeof roomRole>;
export const access = oneOf('public', 'unlisted', 'invite');
export type Access = Infer<typeof access>;
const write = oneOf('everyone', 'members', 'moderators');

const settingsFields = {
  access,
  write,
  /** Seconds between two messages of one user; 0 for no limit. */
  slowSeconds: count,
  topic: text,
  /** Messages kept; 0 for as many as the site keeps. */
  historyMessages: count,
  historySeconds: count,
  closed: flag,
};
export const roomSettings = object(settingsFields);
export type RoomSettings = Infer<typeof roomSettings>;

const roomPatch = object({
  ...roomFields,
  access: optional(access),
  write: optional(write),
  slowSeconds: optional(count),
  topic: optional(text),
  historyMessages: optional(count),
  historySeconds: optional(count),
});
const roomUser = object({ ...roomFields, userUUID: text });
const roomBan = object({
  ...roomFields,
  userUUID: text,
  /** For ever if it is left out. */
  seconds: optional(count),
  reason: optional(text),
});
const roomPage = object({ ...roomFields, offset: optional(count), limit: optional(count) });
const userTarget = object({ userUUID: text });

/** Requests. */
export const moderationRequests = {
  roomInfo: roomRef,
  roomCreate: roomPatch,
  roomUpdate: roomPatch,
  roomInvite: roomUser,
  roomRole: object({ ...roomFields, userUUID: text, role: oneOf('owner', 'moderator', 'member', 'none') }),
  roomKick: roomBan,
  roomBan,
  roomUnban: roomUser,
  roomMute: roomBan,
  roomUnmute: roomUser,
  roomClose: roomRef,
  roomReopen: roomRef,
  roomMembers: roomPage,
  roomBans: roomPage,
  userRole: object({ userUUID: text, role: siteRole }),
  userBan: object({ userUUID: text, seconds: optional(count), reason: optional(text) }),
  userUnban: userTarget,
  /** One's own takes the password. */
  userDelete: object({ userUUID: text, password: optional(text) }),
  auditLog: object({ before: optional(text), limit: optional(count) }),
  messageReport: object({ ...roomFields, uuid: text, seq: count, reason: text }),
} as const;

const roomDetails = object({
  ...roomFields,
  ...settingsFields,
  ownerUUID: optional(text),
  /** One's own. */
  role: optional(roomRole),
  /** RFC 3339, or `forever`. */
  mutedUntil: optional(text),
  members: count,
  usersTotal: count,
});
export type RoomDetails = Infer<typeof roomDetails>;

const roomMember = object({ user, role: optional(roomRole), mutedUntil: optional(text) });
const bannedUser = object({
  user,
  until: optional(text),
  reason: optional(text),
  byUUID: optional(text),
  at: text,
});
const auditEntry = object({
  ...roomFields,
  id: text,
  at: text,
  byUUID: optional(text),
  by: text,
  action: text,
  userUUID: optional(text),
  user: optional(text),
  detail: optional(text),
});
export type AuditEntry = Infer<typeof auditEntry>;

/** Answers. */
export const moderationAnswers = {
  roomInfo: roomDetails,
  roomMembers: object({ ...roomFields, total: count, received: count, members: list(roomMember) }),
  roomBans: object({ ...roomFields, total: count, received: count, bans: list(bannedUser) }),
  auditLog: object({ entries: list(auditEntry), more: flag }),
} as const;

/** What is told to those it concerns. */
export const moderationNews = {
  roomChanged: object({ ...roomFields, ...settingsFields }),
  /** The room is left. */
  removed: object({
    ...roomFields,
    why: oneOf('kicked', 'banned', 'closed'),
    until: optional(text),
    reason: optional(text),
  }),
  muted: object({ ...roomFields, muted: flag, until: optional(text) }),
  /** On the site, where no room is named. */
  roleChanged: object({
    ...roomFields,
    role: oneOf('admin', 'owner', 'moderator', 'member', 'guest', 'none'),
  }),
} as const;
