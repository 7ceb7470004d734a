import { describe, expect, it } from 'vitest';
import type { ClientEvent } from '@parlor/client';
import { GENERAL, type RoomKey, type ServerFrame, type User } from '@parlor/client/protocol';
import {
  ANN,
  errorFrame,
  greeting,
  joinFrame,
  ME,
  messageFrame,
  messageIn,
  messagesIn,
  privateMessageFrame,
  privateRoomsFrame,
  SELF,
} from '../client/net/testing/frames.ts';
import type { AppEvent } from './events.ts';
import type { AppState, Room } from './model.ts';
import { reduce } from './reducer.ts';
import { otherPeople, roomsOfKind, totalUnread } from './selectors.ts';
import { after, frame, inGeneral, roomOf, signedIn } from './testing/states.ts';

const LOBBY: RoomKey = 'room:lobby';
const BOB: User = { UUID: 'bob-uuid', Username: 'Bob', OnLine: false };
const says = (room: RoomKey, seq: number, more = {}): ClientEvent => frame(messageFrame(messageIn(room, seq, more)));

const room = (state: AppState, key: RoomKey = GENERAL): Room => roomOf(state, key);
const seqs = (state: AppState, key?: RoomKey): number[] => room(state, key).messages.map(({ Seq }) => Seq);

describe('signing in', () => {
  it('shows that it is busy, why it failed, and then the user', () => {
    const failed = after(
      { type: 'signInStarted' },
      { type: 'signInFailed', error: { code: 4, error: 'wrong password' } },
    );
    expect(failed.signIn).toEqual({ busy: false, error: { code: 4, error: 'wrong password' }, ended: null });
    expect(reduce(failed, { type: 'signInStarted' }).signIn).toMatchObject({ busy: true, error: null });
    expect(reduce(failed, signedIn)).toMatchObject({ me: { username: 'Me' }, signIn: { busy: false, error: null } });
  });

  it('ends with nothing left of the user', () => {
    const { ready } = greeting;
    const state = inGeneral(3, { type: 'greeted', ready }, { type: 'signedOut', why: 'expired', error: null });
    expect(state).toMatchObject({ me: null, rooms: {}, order: [], people: {}, server: ready });
    expect(state.signIn.ended).toEqual({ why: 'expired', error: null });
    expect(after(signedIn, { type: 'signedOut', why: 'asked', error: null }).signIn.ended).toBeNull();
  });

  it('again after a lost connection keeps what is there', () => {
    const state = inGeneral(3, { ...signedIn, fresh: false });
    expect(seqs(state)).toEqual([1, 2, 3]);
  });
});

describe('messages', () => {
  it('come once and in order, whatever comes twice or late', () => {
    const state = inGeneral(3, says(GENERAL, 5), says(GENERAL, 4), says(GENERAL, 5), says(GENERAL, 2));
    expect(seqs(state)).toEqual([1, 2, 3, 4, 5]);
  });

  it('of rooms that are not open are dropped', () => {
    expect(inGeneral(1, says(LOBBY, 1)).rooms[LOBBY]).toBeUndefined();
  });

  it('begin anew with a new epoch', () => {
    const state = inGeneral(3, says(GENERAL, 1, { Epoch: 'e2' }));
    expect(room(state)).toMatchObject({ epoch: 'e2', more: false });
    expect(seqs(state)).toEqual([1]);
    expect(room(inGeneral(3, says(GENERAL, 7, { Epoch: 'e2' }))).more).toBe(true);
  });

  it('of ours stand in their place with the ack, and our own copy changes nothing', () => {
    const entry = {
      id: 'm1',
      room: GENERAL,
      text: 'hi',
      extras: {},
      createdAt: 1,
      state: 'sent',
      attemptedAt: 1,
      sentAt: 1,
      strays: 0,
      error: null,
    } as const;
    const acked = inGeneral(3, {
      type: 'acknowledged',
      entry,
      ack: { recipientUUID: '', UUID: 'u4', Seq: 4, Epoch: 'e1', CreatedAt: '2026-11-21T12:00:04Z', ClientMessageId: 'm1' },
    });
    expect(room(acked).messages.at(-1)).toMatchObject({ Seq: 4, Message: 'hi', SenderUUID: ME, RecipientUUID: '' });
    const copied = reduce(acked, says(GENERAL, 4, { SenderUUID: ME, Sender: SELF }));
    expect(seqs(copied)).toEqual([1, 2, 3, 4]);
    expect(room(copied).unread).toBe(0);
  });
});

describe('joining', () => {
  const again = (from: number, to: number, more = {}): ClientEvent =>
    frame(joinFrame(GENERAL, messagesIn(GENERAL, from, to), more));

  it('adds what was missed when everything was recovered', () => {
    const state = inGeneral(3, again(4, 6, { recovered: true, more: true }));
    expect(seqs(state)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(room(state).more).toBe(false);
  });

  it('replaces everything when it was not', () => {
    const state = inGeneral(3, again(3, 6, { recovered: false, more: true }));
    expect(seqs(state)).toEqual([3, 4, 5, 6]);
    expect(room(state).more).toBe(true);
  });

  it('again continues what is here only without a gap', () => {
    expect(seqs(inGeneral(3, again(2, 5)))).toEqual([1, 2, 3, 4, 5]);
    expect(seqs(inGeneral(3, again(4, 5)))).toEqual([1, 2, 3, 4, 5]);
    expect(seqs(inGeneral(3, again(5, 6)))).toEqual([5, 6]);
  });

  it('fails with a notice, and the room is gone', () => {
    const state = inGeneral(
      1,
      { type: 'joining', room: LOBBY },
      { type: 'activated', room: LOBBY },
      { type: 'joinFailed', room: LOBBY, error: { code: 11, error: 'no such room' } },
    );
    expect(state.rooms[LOBBY]).toBeUndefined();
    expect(state.active).toBe(GENERAL);
    expect(state.notices).toEqual([{ id: 1, kind: 'text', text: 'no such room', reason: null, room: null }]);
    expect(reduce(state, { type: 'dismissed', id: 1 }).notices).toEqual([]);
  });
});

describe('what is unread', () => {
  const openLobby: AppEvent[] = [
    { type: 'joining', room: LOBBY },
    frame(joinFrame(LOBBY, messagesIn(LOBBY, 1, 2))),
  ];

  it('counts what others say where nobody looks', () => {
    const state = inGeneral(1, ...openLobby, says(LOBBY, 3), says(LOBBY, 4, { SenderUUID: ME, Sender: SELF }), says(GENERAL, 2));
    expect(room(state, LOBBY).unread).toBe(1);
    expect(room(state).unread).toBe(0);
    expect(totalUnread(state)).toBe(1);
  });

  it('is read by opening the room, with a line before it', () => {
    const before = inGeneral(1, ...openLobby, says(LOBBY, 3), says(LOBBY, 4));
    const state = reduce(before, { type: 'activated', room: LOBBY });
    expect(room(state, LOBBY)).toMatchObject({ unread: 0, marker: 2, read: { epoch: 'e1', seq: 4 } });
    expect(room(reduce(state, { type: 'activated', room: GENERAL }), LOBBY).marker).toBeNull();
    expect(room(reduce(state, { type: 'wrote', room: LOBBY }), LOBBY).marker).toBeNull();
  });

  it('grows while the page is hidden, and is read when it shows again', () => {
    const hidden = inGeneral(1, { type: 'attention', attentive: false }, says(GENERAL, 2));
    expect(room(hidden).unread).toBe(1);
    const shown = reduce(hidden, { type: 'attention', attentive: true });
    expect(room(shown)).toMatchObject({ unread: 0, marker: 1 });
  });

  it('grows while somebody reads further up', () => {
    const up = inGeneral(1, { type: 'following', room: GENERAL, following: false }, says(GENERAL, 2), says(GENERAL, 3));
    expect(room(up).unread).toBe(2);
    expect(room(reduce(up, { type: 'following', room: GENERAL, following: true })).unread).toBe(0);
  });

  it('is remembered from the last visit', () => {
    const state = after(
      signedIn,
      { type: 'remembered', rooms: [{ key: GENERAL }, { key: LOBBY, read: { epoch: 'e1', seq: 4 } }] },
      { type: 'activated', room: GENERAL },
      frame(joinFrame(LOBBY, messagesIn(LOBBY, 11, 20))),
    );
    // Six that were not fetched, and ten that were.
    expect(room(state, LOBBY).unread).toBe(16);
  });

  it('is nothing in a room seen for the first time', () => {
    expect(room(inGeneral(1, ...openLobby), LOBBY).unread).toBe(0);
  });
});

describe('private rooms', () => {
  const WITH_ANN: RoomKey = 'user:ann-uuid';
  const WITH_BOB: RoomKey = 'user:bob-uuid';
  const at = (second: number): string => new Date(Date.UTC(2026, 10, 21, 12, 0, second)).toISOString();
  const listed = (...rooms: { user: User; at: string }[]): ClientEvent => frame(privateRoomsFrame(rooms));
  const tells = (user: User, seq: number): ClientEvent => frame(privateMessageFrame(user, seq));
  const annJoined = (to: number, more = {}): AppEvent[] => [
    { type: 'joining', room: WITH_ANN },
    frame(joinFrame(WITH_ANN, messagesIn(WITH_ANN, 1, to), more)),
  ];

  it('are listed with their names, the latest first, behind the others', () => {
    const state = inGeneral(1, listed({ user: BOB, at: at(9) }, { user: ANN, at: at(5) }), { type: 'joining', room: LOBBY });
    expect(state.order).toEqual([GENERAL, LOBBY, WITH_BOB, WITH_ANN]);
    expect(room(state, WITH_BOB)).toMatchObject({ phase: 'listed', unread: 0 });
    expect(state.people['bob-uuid']).toMatchObject({ name: 'Bob', online: false });
    const spoken = [...annJoined(5), says(WITH_ANN, 10)].reduce(reduce, state);
    expect(roomsOfKind(spoken.order, 'private')).toEqual([WITH_ANN, WITH_BOB]);
  });

  it('keep what is here when they are listed', () => {
    const state = inGeneral(1, ...annJoined(2), listed({ user: ANN, at: at(2) }, { user: BOB, at: at(1) }));
    expect(room(state, WITH_ANN)).toMatchObject({ phase: 'joined' });
    expect(state.order).toEqual([GENERAL, WITH_ANN, WITH_BOB]);
  });

  it('seen for the first time hold as unread what came since our own last word', () => {
    expect(room(inGeneral(1, ...annJoined(3)), WITH_ANN).unread).toBe(3);
    const own = { SenderUUID: ME, Sender: SELF };
    const talk = [messageIn(WITH_ANN, 1), messageIn(WITH_ANN, 2, own), messageIn(WITH_ANN, 3)];
    const answered = inGeneral(1, { type: 'joining', room: WITH_ANN }, frame(joinFrame(WITH_ANN, talk)));
    expect(room(answered, WITH_ANN).unread).toBe(1);
    const opened = reduce(answered, { type: 'activated', room: WITH_ANN });
    expect(room(opened, WITH_ANN)).toMatchObject({ unread: 0, marker: 2 });
  });

  it('appear with the first message, which counts once', () => {
    const told = inGeneral(1, listed({ user: BOB, at: at(9) }), tells(ANN, 1));
    expect(roomsOfKind(told.order, 'private')).toEqual([WITH_ANN, WITH_BOB]);
    expect(room(told, WITH_ANN)).toMatchObject({ phase: 'listed', unread: 1 });
    const joined = [...annJoined(1), says(WITH_ANN, 1)].reduce(reduce, told);
    expect(room(joined, WITH_ANN)).toMatchObject({ phase: 'joined', unread: 1 });
    expect(seqs(joined, WITH_ANN)).toEqual([1]);
  });

  it('that are joined, or being joined, need no hint', () => {
    const joining = inGeneral(1, { type: 'joining', room: WITH_ANN });
    expect(reduce(joining, tells(ANN, 1))).toBe(joining);
    const joined = inGeneral(1, ...annJoined(2));
    expect(reduce(joined, tells(ANN, 3))).toBe(joined);
  });

  it('that were closed come back with what is new, and with nothing else', () => {
    const closed = inGeneral(
      1,
      ...annJoined(2),
      { type: 'activated', room: WITH_ANN },
      { type: 'activated', room: GENERAL },
      { type: 'left', room: WITH_ANN },
    );
    expect(closed.rooms[WITH_ANN]).toBeUndefined();
    expect(reduce(closed, listed({ user: ANN, at: at(2) })).rooms[WITH_ANN]).toBeUndefined();
    expect(reduce(closed, tells(ANN, 2)).rooms[WITH_ANN]).toBeUndefined();
    const told = reduce(closed, tells(ANN, 4));
    expect(room(told, WITH_ANN)).toMatchObject({ unread: 2, read: { epoch: 'e1', seq: 2 } });
    expect(told.closed).toEqual({});
    const later = reduce(closed, listed({ user: ANN, at: at(4) }));
    expect(room([...annJoined(4)].reduce(reduce, later), WITH_ANN).unread).toBe(2);
    expect(reduce(closed, { type: 'activated', room: WITH_ANN }).closed).toEqual({});
  });

  it('that can not be joined in passing are not talked about', () => {
    const joining = inGeneral(1, tells(ANN, 1), { type: 'joining', room: WITH_ANN });
    const fails = (reason: string): AppEvent => ({ type: 'joinFailed', room: WITH_ANN, error: { code: 1, reason, error: 'no' } });
    const full = reduce(joining, fails('tooManyRooms'));
    expect(room(full, WITH_ANN)).toMatchObject({ phase: 'listed', unread: 1 });
    const gone = reduce(joining, fails('noSuchUser'));
    expect(gone.rooms[WITH_ANN]).toBeUndefined();
    expect([...full.notices, ...gone.notices]).toEqual([]);
    const asked = [{ type: 'activated', room: WITH_ANN } as const, fails('noSuchUser')].reduce(reduce, joining);
    expect(asked.notices).toHaveLength(1);
  });
});

describe('people', () => {
  const bobJoins = frame({
    type: 'sys',
    SUUID: 's',
    userUUID: BOB.UUID,
    user: BOB,
    sys: { type: 'channelJoin', channelJoin: { recipientUUID: '' } },
  });
  const names = (state: AppState): string[] => otherPeople(state).map(({ name, online }) => `${name} ${online ? 'on' : 'off'}`);

  it('come and go', () => {
    const joined = inGeneral(1, bobJoins, bobJoins);
    expect(room(joined)).toMatchObject({ members: [ME, ANN.UUID, BOB.UUID], membersTotal: 3 });
    expect(names(joined)).toEqual(['Ann on', 'Bob on']);
    const left = reduce(
      joined,
      frame({ type: 'channelLeave', SUUID: 's', userUUID: BOB.UUID, channelLeave: { recipientUUID: '' } }),
    );
    expect(room(left)).toMatchObject({ members: [ME, ANN.UUID], membersTotal: 2 });
  });

  it('go offline by name, or by number in a large room', () => {
    const listed = frame({ type: 'users', users: { total: 2, received: 2, users: [SELF, ANN] } });
    const gone = frame({
      type: 'sys',
      sys: {
        type: 'presence',
        presence: { recipientUUID: '', userUUID: ANN.UUID, username: 'Ann', onLine: false, usersTotal: 1 },
      },
    });
    const state = inGeneral(1, listed, gone);
    expect(names(state)).toEqual(['Ann off']);
    expect(room(state).membersTotal).toBe(1);
    const counted = frame({ type: 'sys', sys: { type: 'presence', presence: { recipientUUID: '', usersTotal: 1834 } } });
    expect(room(reduce(state, counted)).membersTotal).toBe(1834);
  });

  it('who are away are only listed when they have an account', () => {
    const stranger = says(GENERAL, 2, { SenderUUID: 'x', Sender: { UUID: 'x', Username: 'Passer-by' } });
    const state = inGeneral(1, stranger);
    expect(names(state)).toEqual(['Ann on']);
    expect(state.people['x']).toMatchObject({ name: 'Passer-by', online: false });
    const listed = frame({ type: 'users', users: { total: 1, received: 1, users: [BOB] } });
    expect(names(reduce(state, listed))).toEqual(['Ann on', 'Bob off']);
  });

  it('are known by name from the last visit', () => {
    const state = after(signedIn, { type: 'remembered', rooms: [{ key: 'user:bob-uuid', name: 'Bob' }] });
    expect(state.people['bob-uuid']).toMatchObject({ name: 'Bob', online: false });
    expect(roomsOfKind(state.order, 'private')).toEqual(['user:bob-uuid']);
    expect(roomsOfKind(state.order, 'open')).toEqual([GENERAL]);
  });
});

it('the directory is asked for anew, or page by page', () => {
  const page = (...rooms: string[]): AppEvent =>
    frame({ type: 'rooms', rooms: { total: 3, received: rooms.length, rooms: rooms.map((room) => ({ room, users: 1 })) } });
  const first = after(signedIn, { type: 'directoryAsked', offset: 0 }, page('a', 'b'));
  const second = [{ type: 'directoryAsked', offset: 2 } as const, page('c')].reduce(reduce, first);
  expect(second.directory.rooms.map(({ room }) => room)).toEqual(['a', 'b', 'c']);
  const anew = [{ type: 'directoryAsked', offset: 0 } as const, page('z')].reduce(reduce, second);
  expect(anew.directory.rooms.map(({ room }) => room)).toEqual(['z']);
  const { error } = errorFrame(undefined, 'unavailable') as Extract<ServerFrame, { type: 'error' }>;
  const failed = reduce(anew, { type: 'requestFailed', request: 'rooms', room: null, error });
  expect(failed.directory).toMatchObject({ loading: false, error: { reason: 'unavailable' } });
});
