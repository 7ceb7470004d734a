export type { Alert } from './alerts.ts';
export { App } from './app.ts';
export { MOST_ATTACHMENTS, type PickedFile } from './attachments.ts';
export { markOf } from './changes.ts';
export { latestOf } from './kept.ts';
export type {
  AppState,
  Attachment,
  Composing,
  Directory,
  Notice,
  Person,
  Position,
  Removal,
  Room,
  Typist,
} from './model.ts';
export * from './selectors.ts';
export type { Schedule, Store } from './store.ts';
// What the page shows of the layers below.
export type { Clock, Credentials, Extras, Http, Outgoing, Result, Session, Status } from '@parlor/client';
export { Client, SessionStore, browserEnvironment, browserHttp, browserStorage, systemClock } from '@parlor/client';
export type {
  AuditEntry,
  ErrorBody,
  Mark,
  Message,
  Photo,
  Poll,
  Profile,
  Quote,
  Ready,
  Results,
  RoomBan,
  RoomDetails,
  RoomInfo,
  RoomKey,
  RoomMember,
  SessionInfo,
  Settings,
  User,
} from '@parlor/client/protocol';
export { addressOf, GENERAL, namedRoom, privateRoom, roomOf } from '@parlor/client/protocol';
