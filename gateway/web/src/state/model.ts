/** What the page shows, as plain data. */

import type { ErrorBody, Message, Ready, RoomInfo, RoomKey } from '../protocol/index.ts';
import type { Hold, Outgoing, Session, Status } from '../net/index.ts';

export interface Person {
  readonly uuid: string;
  readonly name: string;
  readonly online: boolean;
  readonly guest: boolean;
}

/** How far somebody has read: the position of a message in its room. */
export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

export interface Room {
  readonly key: RoomKey;
  /** `listed`: a private room that is known, but not joined. */
  readonly phase: 'listed' | 'joining' | 'joined';
  readonly epoch: string;
  /** Of one epoch, in `Seq` order, each once. */
  readonly messages: readonly Message[];
  /** Whether there is history before the first of `messages`. */
  readonly more: boolean;
  readonly older: 'idle' | 'loading' | 'failed';
  /** The users in the room, as far as the gateway names them. */
  readonly members: readonly string[];
  readonly membersTotal: number;
  /** When something was last said, in ms since 1970; `null` where that is not known. */
  readonly at: number | null;
  readonly read: Position | null;
  /** Messages of others behind `read`. */
  readonly unread: number;
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
  readonly text: string;
}

export interface AppState {
  readonly status: Status;
  readonly server: Ready | null;
  readonly me: Session | null;
  readonly signIn: {
    readonly busy: boolean;
    readonly error: ErrorBody | null;
    /** Why somebody who was signed in is not any more. */
    readonly ended: 'elsewhere' | 'expired' | null;
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
