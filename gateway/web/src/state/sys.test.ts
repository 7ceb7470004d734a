import { describe, expect, it } from 'vitest';
import type { ClientEvent } from '@parlor/client';
import { ANN, joinFrame, ME, messageFrame, messageIn, messagesIn } from '../client/net/testing/frames.ts';
import { GENERAL, namedRoom, type Sys, type UnreadRoom } from '@parlor/client/protocol';
import type { AppEvent } from './events.ts';
import type { AppState, Room } from './model.ts';
import { reduce } from './reducer.ts';
import { mayModerate, mayOwn, silenceOf, totalMentions } from './selectors.ts';
import { after, frame, roomOf, signedIn } from './testing/states.ts';

const LOBBY = namedRoom('lobby');
const sys = (it: Sys): ClientEvent => frame({ type: 'sys', sys: it });

/** In General, which is shown, and in the lobby, which is not. */
function start(...events: AppEvent[]): AppState {
  return after(
    { ...signedIn, session: { ...signedIn.session, role: 'member' } },
    { type: 'joining', room: GENERAL },
    { type: 'joining', room: LOBBY },
    { type: 'activated', room: GENERAL },
    frame(joinFrame(GENERAL, [])),
    frame(joinFrame(LOBBY, messagesIn(LOBBY, 1, 3), { settings: { write: 'everyone', topic: 'Tea' }, topic: 'Tea' })),
    ...events,
  );
}

const lobby = (state: AppState): Room => roomOf(state, LOBBY);
const says = (seq: number, more = {}): ClientEvent => frame(messageFrame(messageIn(LOBBY, seq, more)));

describe('reading', () => {
  it('counts messages that name us apart', () => {
    const state = start(says(4), says(5, { Mentions: [ME] }), says(6, { Mentions: [ANN.UUID] }));
    expect(lobby(state)).toMatchObject({ unread: 3, mentions: 1 });
    expect(totalMentions(state)).toBe(1);
    expect(lobby(reduce(state, { type: 'activated', room: LOBBY }))).toMatchObject({ unread: 0, mentions: 0, marker: 3 });
  });

  it('on another device is done here as well', () => {
    const state = start(says(4), says(5, { Mentions: [ME] }), says(6));
    const read = (seq: number, epoch = 'e1'): ClientEvent =>
      sys({ type: 'read', read: { room: 'lobby', seq, epoch } });
    expect(lobby(reduce(state, read(5)))).toMatchObject({ unread: 1, mentions: 0 });
    expect(lobby(reduce(state, read(6))).unread).toBe(0);
    expect(lobby(reduce(state, read(2))).unread).toBe(3);
    expect(lobby(reduce(state, read(9, 'e0'))).unread).toBe(3);
  });

  it('is counted by the server, and what came since is added', () => {
    const counted = (more: Partial<UnreadRoom> = {}): ClientEvent =>
      frame({
        type: 'unread',
        unread: {
          total: 1,
          received: 1,
          rooms: [{ room: 'lobby', epoch: 'e1', seq: 4, read: 1, unread: 2, mentions: 1, ...more }],
        },
      });
    const state = start(says(4));
    // Here everything up to 3 counts as read, as nobody had been here before.
    expect(lobby(reduce(state, counted({ read: 3, unread: 1, mentions: 1 })))).toMatchObject({ unread: 1, mentions: 1 });
    expect(lobby(reduce(start(says(4), says(5)), counted({ read: 3, unread: 1, mentions: 0 }))).unread).toBe(2);
    // Read further here than the server knows: it will be told.
    expect(lobby(reduce(state, counted()))).toMatchObject({ unread: 1, read: { epoch: 'e1', seq: 3 } });
    // Read further elsewhere.
    expect(lobby(reduce(state, counted({ read: 4, unread: 0, mentions: 0 })))).toMatchObject({
      unread: 0,
      read: { epoch: 'e1', seq: 4 },
    });
  });

  it('goes on where the server knows that we were', () => {
    const state = start(frame(joinFrame(LOBBY, messagesIn(LOBBY, 1, 6), { recovered: false, read: 5 })));
    expect(lobby(state).unread).toBe(1);
  });

  it('of a mention in a room that is not open is told in passing', () => {
    const mention = (room: string): ClientEvent =>
      sys({ type: 'mention', mention: { room, uuid: 'm', seq: 9, epoch: 'e1', sender: ANN } });
    expect(start(mention('lobby')).notices).toEqual([]);
    expect(start(mention('attic')).notices).toMatchObject([{ kind: 'mention', text: 'Ann', room: 'room:attic' }]);
  });
});

describe('typing', () => {
  const typing = (on: boolean, userUUID = ANN.UUID): ClientEvent =>
    sys({ type: 'typing', typing: { room: 'lobby', userUUID, username: 'Ann', on } });

  it('is shown until it stops, expires, or the message is there', () => {
    expect(lobby(start(typing(true), typing(true))).typists).toEqual([{ uuid: ANN.UUID, name: 'Ann' }]);
    expect(lobby(start(typing(true), typing(false))).typists).toEqual([]);
    expect(lobby(start(typing(true), says(4))).typists).toEqual([]);
    expect(lobby(start(typing(true), { type: 'typingExpired', room: LOBBY, uuid: ANN.UUID })).typists).toEqual([]);
    expect(lobby(start(typing(true, ME))).typists).toEqual([]);
  });
});

describe('a room', () => {
  const NOW = Date.parse('2026-11-21T12:00:00Z');
  const silence = (state: AppState): string | null => silenceOf(state, state.rooms[LOBBY], NOW);

  it('that we are put out of stays, and says why', () => {
    const state = start(
      says(4),
      sys({ type: 'removed', removed: { room: 'lobby', why: 'banned', until: '2026-11-21T13:00:00Z', reason: 'bread' } }),
    );
    expect(lobby(state)).toMatchObject({
      phase: 'removed',
      unread: 0,
      removal: { why: 'banned', until: Date.parse('2026-11-21T13:00:00Z'), reason: 'bread' },
    });
    expect(silence(state)).toBe('removed');
    const back = reduce(reduce(state, { type: 'joining', room: LOBBY }), frame(joinFrame(LOBBY, [])));
    expect(lobby(back)).toMatchObject({ phase: 'joined', removal: null });
  });

  it('that does not let us in says why, too', () => {
    const failed = (reason: string, more = {}): AppState =>
      start({ type: 'joinFailed', room: LOBBY, error: { code: 0, reason, error: 'no', ...more } });
    expect(lobby(failed('invitedOnly')).removal?.why).toBe('invitedOnly');
    expect(lobby(failed('roomClosed')).removal?.why).toBe('closed');
    expect(lobby(failed('banned', { until: '2026-11-21T13:00:00Z' })).removal?.until).toBe(Date.parse('2026-11-21T13:00:00Z'));
    expect(failed('joinRefused').rooms[LOBBY]).toBeUndefined();
  });

  it('lets write whom it is set to let', () => {
    const set = (write: string): ClientEvent => sys({ type: 'roomChanged', roomChanged: { room: 'lobby', write } });
    const role = (is: string): ClientEvent => sys({ type: 'roleChanged', roleChanged: { room: 'lobby', role: is } });
    expect(silence(start())).toBeNull();
    expect(silence(start(set('members')))).toBe('readOnly');
    expect(silence(start(set('members'), role('member')))).toBeNull();
    expect(silence(start(set('moderators'), role('member')))).toBe('readOnly');
    expect(silence(start(set('moderators'), role('moderator')))).toBeNull();
    expect(silence(start(set('members'), role('member'), role('none')))).toBe('readOnly');
    const closed = sys({ type: 'roomChanged', roomChanged: { room: 'lobby', closed: true } });
    expect(silence(start(closed))).toBe('closed');
    expect(silence(start(closed, role('owner')))).toBeNull();
    expect(lobby(start(closed)).topic).toBe('Tea');
  });

  it('mutes for a time, for good, and no longer', () => {
    const muted = (is: boolean, until?: string): ClientEvent =>
      sys({ type: 'muted', muted: { room: 'lobby', muted: is, ...(until === undefined ? {} : { until }) } });
    expect(silence(start(muted(true, '2026-11-21T12:05:00Z')))).toBe('muted');
    expect(silence(start(muted(true, '2026-11-21T11:55:00Z')))).toBeNull();
    expect(silence(start(muted(true)))).toBe('muted');
    expect(silence(start(muted(true), muted(false)))).toBeNull();
    const info = frame({ type: 'roomInfo', roomInfo: { room: 'lobby', mutedUntil: 'forever', members: 1 } });
    expect(lobby(start(info)).mutedUntil).toBe(Infinity);
  });

  it('is moderated by its own and by those of the server', () => {
    const owner = start(sys({ type: 'roleChanged', roleChanged: { room: 'lobby', role: 'owner' } }));
    const moderator = start(sys({ type: 'roleChanged', roleChanged: { room: 'lobby', role: 'moderator' } }));
    const admin = start(sys({ type: 'roleChanged', roleChanged: { role: 'admin' } }));
    for (const [state, moderates, owns] of [
      [start(), false, false],
      [owner, true, true],
      [moderator, true, false],
      [admin, true, true],
    ] as const) {
      expect(mayModerate(state, state.rooms[LOBBY])).toBe(moderates);
      expect(mayOwn(state, state.rooms[LOBBY])).toBe(owns);
    }
    const here = { key: 'user:ann' as const, role: null };
    expect(mayModerate(admin, here)).toBe(false);
  });
});

describe('people', () => {
  it('are called what they chose, from their next word on', () => {
    const renamed = start(says(4, { Sender: { ...ANN, DisplayName: 'Ann of the Garden', Color: '#336699' } }));
    expect(renamed.people[ANN.UUID]).toMatchObject({ name: 'Ann of the Garden', username: 'Ann', color: '#336699', online: true });
    // A list that does not tell looks changes none.
    const listed = reduce(renamed, frame(joinFrame(LOBBY, [], { users: [ANN] })));
    expect(listed.people[ANN.UUID]?.name).toBe('Ann of the Garden');
    expect(reduce(listed, says(5)).people[ANN.UUID]?.name).toBe('Ann');
  });
});
