/** A client of Parlor: `Parlor` is the whole of it; `Client` below it is for pages that fold events into a state. */

export * from './net/index.ts';
export { ParlorError } from './error.ts';
export type { ParlorEvents, Sending, Via } from './events.ts';
export type { ParlorOptions } from './options.ts';
export type { RoomPeople } from './people.ts';
export { Parlor, type Page, type PollOptions, type SendOptions, type SignIn, type UploadOptions } from './parlor.ts';
export * from './protocol/index.ts';
