import { beforeAll, expect, test } from 'vitest';
import { GENERAL, namedRoom, privateRoom, type AppState } from '../state/index.ts';
import type { AppEvent } from '../state/events.ts';
import { INITIAL_STATE, reduce } from '../state/reducer.ts';
import { bestPlaces, placesOf } from './places.ts';
import { speak } from './text.ts';

beforeAll(() => speak('en'));

const user = (name: string, display = name) => ({ UUID: name.toLowerCase(), Username: name, DisplayName: display, OnLine: true });

function stateAfter(...events: AppEvent[]): AppState {
  const session = { userUUID: 'me', accessKey: 'key', username: 'Robin', guest: false };
  return [{ type: 'signedIn', session, fresh: true } as const, ...events].reduce<AppState>(reduce, INITIAL_STATE);
}

const state = stateAfter(
  { type: 'activated', room: GENERAL },
  { type: 'activated', room: namedRoom('design') },
  { type: 'activated', room: namedRoom('book club') },
  { type: 'frame', frame: { type: 'users', users: { total: 3, received: 3, users: [user('Ann'), user('Zoe', 'Zoë Étienne'), user('debugger')] } } },
  { type: 'activated', room: privateRoom('ann') },
  { type: 'frame', frame: { type: 'rooms', rooms: { total: 2, received: 2, rooms: [{ room: 'design', users: 1 }, { room: 'deploys', users: 2 }] } } },
  { type: 'activated', room: GENERAL },
);

function found(query: string, from = state, most = 10): string[] {
  return bestPlaces(placesOf(from), query, from.active, most).map(({ title }) => title);
}

test('names every place once: what is open, other people, rooms that could be joined', () => {
  expect(placesOf(state).map(({ room, isOpen }) => [room, isOpen])).toEqual([
    [GENERAL, true],
    [namedRoom('design'), true],
    [namedRoom('book club'), true],
    [privateRoom('ann'), true],
    [privateRoom('debugger'), false],
    [privateRoom('zoe'), false],
    [namedRoom('deploys'), false],
  ]);
});

test('shows what is new before the rest, and where one is last', () => {
  const news = { ...state, rooms: { ...state.rooms } };
  const change = (room: 'room:book club' | 'room:design', unread: number, mentions: number): void => {
    const known = news.rooms[room];
    if (known !== undefined) news.rooms[room] = { ...known, unread, mentions };
  };
  change('room:design', 5, 0);
  change('room:book club', 1, 1);
  expect(found('', news)).toEqual(['book club', 'design', 'Ann', 'debugger', 'Zoë Étienne', 'deploys', 'General']);
});

test('finds by the beginning of a name, then of a word, then by what stands inside', () => {
  expect(found('de')).toEqual(['design', 'debugger', 'deploys']);
  expect(found('b')).toEqual(['book club', 'debugger']);
  expect(found('CLUB')).toEqual(['book club']);
  expect(found('nowhere')).toEqual([]);
  expect(found('de', state, 2)).toEqual(['design', 'debugger']);
});

test('overlooks case and accents, and knows usernames', () => {
  expect(found('zoe')).toEqual(['Zoë Étienne']);
  expect(found(' ETI ')).toEqual(['Zoë Étienne']);
});
