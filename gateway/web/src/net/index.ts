export { Client, localError } from './client.ts';
export type { ClientEvent, ClientOptions, Credentials, Hold } from './client.ts';
export type { Clock } from './clock.ts';
export { systemClock, Timer } from './clock.ts';
export { browserEnvironment, type Environment } from './environment.ts';
export type { Outgoing } from './outbox.ts';
export { SessionStore, type Session } from './session.ts';
export type { Status, WaitCause } from './status.ts';
export { browserStorage, readJson, type KeyValue } from './storage.ts';
