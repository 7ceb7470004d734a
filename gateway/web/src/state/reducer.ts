/** How the page's data changes with what happens. Pure: no time, no chance, no I/O. */

import { GENERAL, type Ack, type Message, type RoomKey } from '@parlor/client/protocol';
import type { Outgoing, Session } from '@parlor/client';
import { activate, close, joinFailed, markActive, readActive, remember, removeRoom, withRoom } from './active.ts';
import { onMark } from './changes.ts';
import type { AppEvent } from './events.ts';
import { onFrame } from './frames.ts';
import { atEnd, joined, withNewer, withOlder, withPlace } from './kept.ts';
import { EMPTY_DIRECTORY, type AppState, type Attachment, type Room } from './model.ts';
import { notice } from './notices.ts';
import { meetSenders, upsert } from './people.ts';
import { onMessage } from './room.ts';
import { changeRoom, inOrder } from './rooms.ts';
import { onTypingExpired } from './sys.ts';

export const INITIAL_STATE: AppState = {
  status: { name: 'idle' },
  server: null,
  me: null,
  signIn: { busy: false, error: null, ended: null },
  rooms: {},
  order: [],
  closed: {},
  active: GENERAL,
  attentive: true,
  people: {},
  listed: [],
  listedTotal: 0,
  directory: EMPTY_DIRECTORY,
  outbox: [],
  hold: null,
  paused: false,
  drafts: {},
  composing: {},
  attachments: {},
  notices: [],
  noticeCount: 0,
};

export function reduce(state: AppState, event: AppEvent): AppState {
  const next = change(state, event);
  return next.rooms === state.rooms ? next : inOrder(next);
}

function change(state: AppState, event: AppEvent): AppState {
  switch (event.type) {
    case 'status':
      return { ...state, status: event.status };
    case 'greeted':
      return { ...state, server: event.ready };
    case 'signInStarted':
      return { ...state, signIn: { busy: true, error: null, ended: null } };
    case 'signInErrorCleared':
      return { ...state, signIn: { ...state.signIn, error: null } };
    case 'signInFailed':
      return { ...state, signIn: { busy: false, error: event.error, ended: null } };
    case 'restored':
      return signedIn(state, event.session, true);
    case 'signedIn':
      return signedIn(state, event.session, event.fresh);
    case 'signedOut':
      return {
        ...forgetUser(state),
        signIn: { busy: false, error: null, ended: event.why === 'asked' ? null : { why: event.why, error: event.error } },
      };
    case 'outbox':
      return { ...state, outbox: event.entries };
    case 'acknowledged':
      return acknowledged(state, event.entry, event.ack);
    case 'held':
      return { ...state, hold: event.hold };
    case 'paused':
      return { ...state, paused: event.paused };
    case 'slowed':
      return changeRoom(state, event.room, (room) => ({ ...room, slowUntil: event.until }));
    case 'joining':
      return withRoom(state, event.room);
    case 'joinFailed':
      return joinFailed(state, event);
    case 'requestFailed':
      if (event.request !== 'rooms') return state;
      return { ...state, directory: { ...state.directory, loading: false, error: event.error } };
    case 'frame':
      return onFrame(state, event.frame);
    case 'remembered':
      return event.rooms.reduce(remember, state);
    case 'activated':
      return readActive(activate(state, event.room));
    case 'left':
      return removeRoom(close(state, event.room), event.room);
    case 'attention':
      return readActive(markActive({ ...state, attentive: event.attentive }));
    case 'following':
      return readActive(
        changeRoom(state, event.room, (room) =>
          room.following === event.following ? room : followed(room, event.following),
        ),
      );
    case 'pageAsked':
      return changeRoom(state, event.room, (room) => ({ ...room, [event.place]: 'loading' }));
    case 'pageFailed':
      return changeRoom(state, event.room, (room) => ({ ...room, [event.place]: 'failed' }));
    case 'paged':
      return changeRoom(meetSenders(state, event.page.messages), event.room, (room) => onPage(room, event));
    case 'piecesJoined':
      return changeRoom(state, event.room, (room) => joined(room, 0));
    case 'directoryAsked':
      return { ...state, directory: { ...state.directory, loading: true, asked: event.offset, error: null } };
    case 'drafted':
      return { ...state, drafts: { ...state.drafts, [event.room]: event.text } };
    case 'draftsRemembered':
      return { ...state, drafts: { ...event.drafts, ...state.drafts } };
    case 'wrote':
      return readActive(
        changeRoom({ ...state, drafts: { ...state.drafts, [event.room]: '' } }, event.room, (room) => ({
          ...atEnd(room),
          marker: null,
          following: true,
        })),
      );
    case 'noticed':
      return notice(state, { text: event.text, reason: event.reason ?? null });
    case 'met':
      return event.users.reduce(upsert, state);
    case 'marked':
      return changeRoom(state, event.room, (room) => onMark(room, event.uuid, event.mark));
    case 'composing': {
      const { [event.room]: before, ...others } = state.composing;
      const composing = event.composing === null ? others : { ...others, [event.room]: event.composing };
      return { ...state, composing };
    }
    case 'attached':
      return changeAttachments(state, event.room, (known) => [...known, event.attachment]);
    case 'attachmentChanged':
      return changeAttachments(state, event.room, (known) =>
        known.map((it) => (it.id === event.id ? { ...it, ...event.change } : it)),
      );
    case 'detached':
      return changeAttachments(state, event.room, (known) => known.filter(({ id }) => id !== event.id));
    case 'typingExpired':
      return changeRoom(state, event.room, (room) => onTypingExpired(room, event.uuid));
    case 'dismissed':
      return { ...state, notices: state.notices.filter(({ id }) => id !== event.id) };
  }
}

function forgetUser(state: AppState): AppState {
  const { status, server, attentive } = state;
  return { ...INITIAL_STATE, status, server, attentive };
}

function signedIn(state: AppState, session: Session, fresh: boolean): AppState {
  const base = fresh ? forgetUser(state) : state;
  const { userUUID: UUID, username: Username, guest: Guest } = session;
  const known = base.people[UUID];
  const next = {
    ...base,
    me: session,
    signIn: { busy: false, error: null, ended: null },
  };
  // What we chose to be called outlives a lost connection.
  return known === undefined ? upsert(next, { UUID, Username, OnLine: true, Guest }) : next;
}

/** Whoever follows a room is where its latest messages are. */
function followed(room: Room, following: boolean): Room {
  return { ...(following ? atEnd(room) : room), following };
}

function onPage(room: Room, { place, page, from }: Extract<AppEvent, { type: 'paged' }>): Room {
  switch (place) {
    case 'older':
      return withOlder(room, page, from);
    case 'newer':
      return withNewer(room, page, from);
    case 'around':
      return withPlace(room, page);
  }
}

function changeAttachments(
  state: AppState,
  room: RoomKey,
  change: (known: readonly Attachment[]) => readonly Attachment[],
): AppState {
  return { ...state, attachments: { ...state.attachments, [room]: change(state.attachments[room] ?? []) } };
}

function acknowledged(state: AppState, entry: Outgoing, ack: Ack): AppState {
  const { me } = state;
  if (me === null) return state;
  const message: Message = {
    UUID: ack.UUID,
    SenderUUID: me.userUUID,
    Sender: {
      UUID: me.userUUID,
      Username: me.username,
      DisplayName: state.people[me.userUUID]?.name ?? me.username,
    },
    ...(ack.room === undefined ? { RecipientUUID: ack.recipientUUID ?? '' } : { Room: ack.room }),
    Message: entry.text,
    ...(entry.extras.quote === undefined ? {} : { ReplyTo: entry.extras.quote }),
    ...(entry.extras.photo === undefined ? {} : { Photo: entry.extras.photo }),
    ...(entry.extras.poll === undefined ? {} : { Poll: pollOf(entry.extras.poll, ack) }),
    ClientMessageId: entry.id,
    CreatedAt: ack.CreatedAt,
    Seq: ack.Seq,
    Epoch: ack.Epoch,
  };
  return readActive(changeRoom(state, entry.room, (room) => onMessage(room, message, me.userUUID)));
}

/** As the server has stored it. */
function pollOf(asked: NonNullable<Outgoing['extras']['poll']>, ack: Ack): NonNullable<Message['Poll']> {
  const { options, multiple = false, anonymous = false, closesInSeconds } = asked;
  const closesAt = closesInSeconds === undefined ? NaN : Date.parse(ack.CreatedAt) + closesInSeconds * 1_000;
  return {
    Options: options,
    Multiple: multiple,
    Anonymous: anonymous,
    ...(Number.isNaN(closesAt) ? {} : { ClosesAt: new Date(closesAt).toISOString() }),
  };
}
