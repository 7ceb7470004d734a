/** What happens, by name: what listeners of `Parlor` get. */

import type { Hold, Outgoing, Session, SignedOutWhy, Status } from './net/index.ts';
import type {
  ChannelJoined,
  ErrorBody,
  Mention,
  Message,
  MessageChange,
  PrivateMessage,
  Ready,
  Removed,
  RoomKey,
  Settings,
} from './protocol/index.ts';
import type { RoomPeople } from './people.ts';

/** `missed`: it came while there was no connection, and a resume brought it. */
export type Via = 'live' | 'missed';

/** Whether messages go out. What can't waits in the outbox, in order. */
export type Sending =
  | { readonly state: 'open' }
  /** The server's store is away; it says when it is back. */
  | { readonly state: 'paused' }
  /** The server asked for patience. */
  | ({ readonly state: 'held' } & Hold);

export interface ParlorEvents {
  status: Status;
  /** The server's first word on each connection: its limits, and what it allows. */
  greeted: Ready;
  /** `resumed`: after a lost connection, with all the rooms. */
  signedIn: { readonly session: Session; readonly how: 'fresh' | 'resumed' };
  signedOut: { readonly why: SignedOutWhy; readonly error: ErrorBody | null };
  /** The first time in a room. */
  joined: { readonly room: RoomKey; readonly joined: ChannelJoined };
  joinFailed: { readonly room: RoomKey; readonly error: ErrorBody };
  removed: { readonly room: RoomKey; readonly removed: Removed };
  /** Each message once, in the order of its room, our own too. */
  message: { readonly room: RoomKey; readonly message: Message; readonly via: Via };
  /** An edit, a deletion, reactions or votes; in the one order of its room with the messages. */
  change: { readonly room: RoomKey; readonly change: MessageChange; readonly via: Via };
  /** Not all that was missed can be had: `joined` is the room as it is now, in place of what is known of it. */
  gap: { readonly room: RoomKey; readonly joined: ChannelJoined };
  /** Who is in a room, or how many, has changed. */
  people: { readonly room: RoomKey; readonly people: RoomPeople };
  typing: { readonly room: RoomKey; readonly userUUID: string; readonly username: string; readonly state: 'writing' | 'stopped' };
  /** We read up to `seq` on another device. */
  read: { readonly room: RoomKey; readonly epoch: string; readonly seq: number };
  /** Somebody named us. */
  mention: { readonly room: RoomKey; readonly mention: Mention };
  /** Somebody wrote to us privately: join `room` to read it. */
  privateMessage: { readonly room: RoomKey; readonly hint: PrivateMessage };
  roomChanged: { readonly room: RoomKey; readonly settings: Settings };
  muted: { readonly room: RoomKey; readonly state: 'muted' | 'mayWrite'; readonly until: string | null };
  /** On the whole server where no room is named. */
  roleChanged: { readonly room: RoomKey | null; readonly role: string };
  sending: Sending;
  /** A room in slow mode takes our next message at `until`, in ms since 1970. */
  slowed: { readonly room: RoomKey; readonly until: number };
  /** What is not acknowledged yet. */
  unsent: readonly Outgoing[];
}
