/** What the page shows, as plain data. */

import type {
  ErrorBody,
  Mark,
  Message,
  MessageChange,
  Photo,
  Quote,
  Ready,
  RoomInfo,
  RoomKey,
  Settings,
} from '@parlor/client/protocol';
import type { Hold, Outgoing, Session, SignedOutWhy, Status } from '@parlor/client';

export interface Person {
  readonly uuid: string;
  /** What is shown: the display name, or without one the username. */
  readonly name: string;
  readonly username: string;
  /** One that they chose, as `#rrggbb`. */
  readonly color: string | null;
  /** The id of a photo. */
  readonly avatar: string | null;
  readonly online: boolean;
  readonly guest: boolean;
}

/** How far somebody has read: the position of a message in its room. */
export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

/** Why we are not in a room that is open here. */
export interface Removal {
  readonly why: 'kicked' | 'banned' | 'closed' | 'invitedOnly' | 'refused';
  /** When a ban ends, in ms since 1970. */
  readonly until: number | null;
  /** In the words of who did it, or of the server. */
  readonly reason: string | null;
}

/** Somebody who is writing. */
export interface Typist {
  readonly uuid: string;
  readonly name: string;
}

/** A page of history that was asked for. */
export type Paging = 'idle' | 'loading' | 'failed';

export interface Room {
  readonly key: RoomKey;
  /** `listed`: a private room that is known, but not joined. `removed`: see `removal`. */
  readonly phase: 'listed' | 'joining' | 'joined' | 'removed';
  readonly removal: Removal | null;
  readonly epoch: string;
  /** The highest `Seq` heard of, of a message or of a change. */
  readonly seq: number;
  /** The last changes, for pages of history that were read before them. */
  readonly changes: readonly MessageChange[];
  /** What we ourselves did to messages, by their UUID. */
  readonly marks: Readonly<Record<string, Mark>>;
  /** Our own role there: `owner`, `moderator` or `member`; `null` where there are none. */
  readonly role: string | null;
  readonly topic: string;
  readonly canWrite: boolean;
  readonly settings: Settings;
  /** Until when we may not speak, in ms since 1970. */
  readonly mutedUntil: number | null;
  /** When the room takes our next message, in ms since 1970. */
  readonly slowUntil: number | null;
  readonly typists: readonly Typist[];
  /** Where somebody reads: of one epoch, in `Seq` order, each once, without gaps. */
  readonly messages: readonly Message[];
  /** The last messages, where `messages` does not reach the end; otherwise `null`. */
  readonly latest: readonly Message[] | null;
  /** Whether there is history before the first of `messages`. */
  readonly more: boolean;
  /** The page before `messages`, and the one behind. */
  readonly older: Paging;
  readonly newer: Paging;
  /** The users in the room, as far as the gateway names them. */
  readonly members: readonly string[];
  readonly membersTotal: number;
  /** When something was last said, in ms since 1970; `null` where that is not known. */
  readonly at: number | null;
  readonly read: Position | null;
  /** Messages of others behind `read`. */
  readonly unread: number;
  /** Those of them that name us. */
  readonly mentions: number;
  /** Where the line "new" is drawn: behind this `Seq`. */
  readonly marker: number | null;
  /** Whether the timeline stands at its end, so that what comes is seen. */
  readonly following: boolean;
}

/** A private room that somebody closed: it comes back when something new is said in it. */
export interface ClosedRoom {
  readonly at: number | null;
  readonly read: Position | null;
}

/** The named rooms that there are, as last asked for. */
export interface Directory {
  readonly rooms: readonly RoomInfo[];
  readonly total: number;
  readonly loading: boolean;
  /** The offset of the page that is on its way, or was the last. */
  readonly asked: number;
  readonly error: ErrorBody | null;
}

/** Something to be told in passing. */
export interface Notice {
  readonly id: number;
  /** `mention`: `text` is the name of who named us. */
  readonly kind: 'text' | 'mention';
  readonly text: string;
  /** The server's reason, of an error that `text` tells in the server's words. */
  readonly reason: string | null;
  /** The room to open, where it is about one. */
  readonly room: RoomKey | null;
}

/** What the composer is about beside a new message. */
export type Composing =
  | { readonly kind: 'reply'; readonly quote: Quote }
  | { readonly kind: 'edit'; readonly uuid: string; readonly seq: number; readonly text: string };

/** A photo that is to be sent. */
export interface Attachment {
  readonly id: string;
  readonly name: string;
  /** An address of this page's own, for the preview. */
  readonly preview: string;
  readonly state: 'uploading' | 'ready' | 'failed';
  /** The share that has been sent, 0 to 1. */
  readonly progress: number;
  readonly photo: Photo | null;
  readonly error: ErrorBody | null;
}

export interface AppState {
  readonly status: Status;
  readonly server: Ready | null;
  readonly me: Session | null;
  readonly signIn: {
    readonly busy: boolean;
    readonly error: ErrorBody | null;
    /** Why somebody who was signed in is not any more. */
    readonly ended: { readonly why: Exclude<SignedOutWhy, 'asked'>; readonly error: ErrorBody | null } | null;
  };
  readonly rooms: Readonly<Partial<Record<RoomKey, Room>>>;
  /** The rooms in the order of the list: the private ones last, the latest of them first. */
  readonly order: readonly RoomKey[];
  readonly closed: Readonly<Partial<Record<RoomKey, ClosedRoom>>>;
  readonly active: RoomKey;
  /** Whether somebody looks at the page. */
  readonly attentive: boolean;
  readonly people: Readonly<Record<string, Person>>;
  /** Registered users, as far as they were asked for, in the order of registration. */
  readonly listed: readonly string[];
  readonly listedTotal: number;
  readonly directory: Directory;
  readonly outbox: readonly Outgoing[];
  readonly hold: Hold | null;
  readonly paused: boolean;
  readonly drafts: Readonly<Partial<Record<RoomKey, string>>>;
  readonly composing: Readonly<Partial<Record<RoomKey, Composing>>>;
  readonly attachments: Readonly<Partial<Record<RoomKey, readonly Attachment[]>>>;
  readonly notices: readonly Notice[];
  readonly noticeCount: number;
}

/** A room as the browser keeps it from one visit to the next. */
export interface RememberedRoom {
  readonly key: RoomKey;
  /** The partner's name in a private room. */
  readonly name?: string;
  readonly at?: number;
  readonly read?: Position;
  /** A private room that is not in the list until something new is said in it. */
  readonly closed?: boolean;
}

export const EMPTY_DIRECTORY: Directory = { rooms: [], total: 0, loading: false, asked: 0, error: null };
