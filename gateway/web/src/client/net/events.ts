/** What the client tells: one union, for whoever folds it into a state. */

import type { Ack, ErrorBody, Ready, RoomKey, ServerFrame } from '../protocol/index.ts';
import type { Outgoing } from './outbox.ts';
import type { Question } from './requests.ts';
import type { Session } from './session.ts';
import type { Status } from './status.ts';

export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'signUp'; readonly username: string; readonly password: string }
  | { readonly kind: 'guest'; readonly nickname: string }
  /** A JWT of an issuer that the server trusts. */
  | { readonly kind: 'token'; readonly token: string }
  /** What an earlier sign-in got (`Session`). */
  | { readonly kind: 'accessKey'; readonly userUUID: string; readonly accessKey: string };

/** What happened. `frame` is what the gateway sent and the client has no more to say about. */
export type ClientEvent =
  | { type: 'status'; status: Status }
  | { type: 'greeted'; ready: Ready }
  /** `fresh`: no room is joined yet, neither by a new user nor after a reload. */
  | { type: 'signedIn'; session: Session; fresh: boolean }
  /** `error` is what the gateway said of it. */
  | { type: 'signedOut'; why: SignedOutWhy; error: ErrorBody | null }
  | { type: 'signInFailed'; error: ErrorBody }
  | { type: 'outbox'; entries: readonly Outgoing[] }
  | { type: 'acknowledged'; entry: Outgoing; ack: Ack }
  /** Sending waits until `until`, for the reason given; `null` when it goes on. */
  | { type: 'held'; hold: Hold | null }
  | { type: 'paused'; paused: boolean }
  /** The room takes our next message at `until`. */
  | { type: 'slowed'; room: RoomKey; until: number }
  | { type: 'joining'; room: RoomKey }
  | { type: 'joinFailed'; room: RoomKey; error: ErrorBody }
  | { type: 'requestFailed'; request: Question['kind']; room: RoomKey | null; error: ErrorBody }
  | { type: 'frame'; frame: ServerFrame };

/** `banned`: from the whole server; the two before it were done on another device. */
export type SignedOutWhy = 'asked' | 'elsewhere' | 'expired' | 'passwordChanged' | 'sessionEnded' | 'banned';

export interface Hold {
  readonly until: number;
  readonly error: ErrorBody;
}

export type Emit = (event: ClientEvent) => void;
