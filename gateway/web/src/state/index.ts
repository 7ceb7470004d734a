export { App } from './app.ts';
export type { AppState, Directory, Notice, Person, Position, Room } from './model.ts';
export * from './selectors.ts';
export type { Schedule, Store } from './store.ts';
// What the page shows of the layers below.
export type { Clock, Credentials, Outgoing, Session, Status } from '../net/index.ts';
export { Client, SessionStore, browserEnvironment, browserStorage, systemClock } from '../net/index.ts';
export type { ErrorBody, Message, Ready, RoomInfo, RoomKey } from '../protocol/index.ts';
export { addressOf, GENERAL, namedRoom, privateRoom } from '../protocol/index.ts';
