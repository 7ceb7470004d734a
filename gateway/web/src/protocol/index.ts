export * from './client.ts';
export * from './close.ts';
export type { Access, AuditEntry, RoomDetails, RoomRole, RoomSettings, SiteRole } from './moderation.ts';
export * from './room.ts';
export * from './server.ts';
export type { Infer, Outcome } from './schema.ts';
export type { ErrorBody, Message, RequestId, RoomRef, User } from './values.ts';
