/** What changes the page's data. */

import type { History, Mark, RoomKey, User } from '@parlor/client/protocol';
import type { ClientEvent, Session } from '@parlor/client';
import type { AppState, Attachment, Composing, RememberedRoom } from './model.ts';

/** What somebody does with the page. */
export type UserEvent =
  /** A session was found that the gateway has not confirmed yet. */
  | { type: 'restored'; session: Session }
  | { type: 'signInStarted' }
  | { type: 'signInErrorCleared' }
  | { type: 'remembered'; rooms: readonly RememberedRoom[] }
  | { type: 'activated'; room: RoomKey }
  | { type: 'left'; room: RoomKey }
  | { type: 'attention'; attentive: boolean }
  | { type: 'following'; room: RoomKey; following: boolean }
  /** A page of history, before, behind or around the message at `from`. */
  | { type: 'pageAsked'; room: RoomKey; place: 'older' | 'newer' }
  | { type: 'paged'; room: RoomKey; place: 'older' | 'newer' | 'around'; from: number; page: History }
  | { type: 'pageFailed'; room: RoomKey; place: 'older' | 'newer' }
  /** The stretch that is read and the latest messages touch. */
  | { type: 'piecesJoined'; room: RoomKey }
  | { type: 'directoryAsked'; offset: number }
  | { type: 'drafted'; room: RoomKey; text: string }
  | { type: 'wrote'; room: RoomKey }
  /** Begun on an earlier visit. */
  | { type: 'draftsRemembered'; drafts: AppState['drafts'] }
  /** What we ask for ourselves, shown before the server has said so. */
  | { type: 'marked'; room: RoomKey; uuid: string; mark: Mark }
  | { type: 'composing'; room: RoomKey; composing: Composing | null }
  | { type: 'attached'; room: RoomKey; attachment: Attachment }
  | { type: 'attachmentChanged'; room: RoomKey; id: string; change: Partial<Attachment> }
  | { type: 'detached'; room: RoomKey; id: string }
  | { type: 'typingExpired'; room: RoomKey; uuid: string }
  /** Users that were found, who may be opened next. */
  | { type: 'met'; users: readonly User[] }
  | { type: 'noticed'; text: string; reason?: string | undefined }
  | { type: 'dismissed'; id: number };

export type AppEvent = ClientEvent | UserEvent;
