import { beforeEach, expect, test } from 'vitest';
import { FakeWorld, memoryStorage } from '../client/net/testing/fakes.ts';
import { GENERAL, namedRoom } from '@parlor/client/protocol';
import { Drafts } from './drafts.ts';

const LOBBY = namedRoom('lobby');
let world: FakeWorld;
let storage: ReturnType<typeof memoryStorage>;
let drafts: Drafts;

beforeEach(() => {
  world = new FakeWorld();
  storage = memoryStorage();
  drafts = open();
});

function open(user = 'ann'): Drafts {
  const opened = new Drafts(storage, world.clock);
  opened.load(user);
  return opened;
}

const kept = (user = 'ann'): unknown => new Drafts(storage, world.clock).load(user);

test('are written down some time after, and all of them when the page goes', () => {
  drafts.write(GENERAL, 'he');
  drafts.write(GENERAL, 'hello');
  expect(kept()).toEqual({});
  world.clock.advance(400);
  expect(kept()).toEqual({ general: 'hello' });
  drafts.write(LOBBY, 'and you?');
  drafts.save();
  expect(kept()).toEqual({ general: 'hello', [LOBBY]: 'and you?' });
});

test('go at once with what was sent, and with what was taken back', () => {
  drafts.write(GENERAL, 'hello');
  drafts.save();
  drafts.write(GENERAL, '');
  expect(kept()).toEqual({});
  drafts.write(LOBBY, '  \n ');
  drafts.save();
  expect(kept()).toEqual({});
});

test('of other tabs stay', () => {
  const other = open();
  drafts.write(GENERAL, 'here');
  other.write(LOBBY, 'there');
  drafts.save();
  other.save();
  expect(kept()).toEqual({ general: 'here', [LOBBY]: 'there' });
});

test('belong to one user, and go when they sign out', () => {
  drafts.write(GENERAL, 'mine');
  expect(drafts.load('ben')).toEqual({});
  expect(kept('ann')).toEqual({ general: 'mine' });
  drafts.write(GENERAL, 'his');
  drafts.forget('ben');
  world.clock.advance(1_000);
  expect(kept('ben')).toEqual({});
  expect(kept('ann')).toEqual({ general: 'mine' });
});

test('are so many and so long at most', () => {
  for (let index = 0; index < 60; index += 1) drafts.write(namedRoom(`room ${index}`), 'x');
  drafts.write(GENERAL, 'y'.repeat(20_001));
  drafts.save();
  const rooms = Object.keys(kept() as object);
  expect(rooms).toHaveLength(50);
  expect(rooms).toContain('room:room 59');
  expect(rooms).not.toContain('general');
});

test('that are no drafts are overlooked', () => {
  storage.set('parlor.drafts.ann', JSON.stringify({ general: 'hello', nowhere: 'x', [LOBBY]: 7 }));
  expect(kept()).toEqual({ general: 'hello' });
  storage.set('parlor.drafts.ann', '[');
  expect(kept()).toEqual({});
});
