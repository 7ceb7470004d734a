export type { Mark, MessageChange, MessageExtras, MessageMark } from './changes.ts';
export * from './client.ts';
export * from './close.ts';
export type { AuditEntry, Removed, RoomBan, RoomDetails, RoomMember, Settings } from './moderation.ts';
export type { Mention, Profile, SessionInfo, Typing, Unread, UnreadRoom } from './people.ts';
export * from './room.ts';
export * from './server.ts';
export type { Infer, Outcome } from './schema.ts';
export type {
  ErrorBody,
  Message,
  Photo,
  Poll,
  Quote,
  Reaction,
  RequestId,
  Results,
  RoomRef,
  User,
} from './values.ts';
