import { describe, expect, it } from 'vitest';
import { addressOf, GENERAL, isRoomKey, keyOf, namedRoom, privateRoom, refOf, roomOf } from './room.ts';

describe('a room key', () => {
  it('goes to a reference and back', () => {
    for (const key of [GENERAL, privateRoom('u-1'), namedRoom('lobby')]) {
      expect(keyOf(refOf(key))).toBe(key);
    }
    expect(keyOf({})).toBe(GENERAL);
    expect(keyOf({ room: 'a', recipientUUID: '' })).toBe('room:a');
  });

  it('is the same for names that the gateway takes for the same', () => {
    expect(namedRoom('  Zoe\u0308 ')).toBe('room:Zo\u00eb');
  });

  it('tells its address', () => {
    expect(addressOf('room:user:x')).toEqual({ kind: 'named', name: 'user:x' });
    expect(addressOf('user:u')).toEqual({ kind: 'private', userUUID: 'u' });
    expect(isRoomKey('room:')).toBe(false);
    expect(isRoomKey('room:a')).toBe(true);
  });

  it('of a message is its room, or its partner', () => {
    expect(roomOf({ Room: 'lobby' })).toBe('room:lobby');
    expect(roomOf({ RecipientUUID: '' })).toBe(GENERAL);
    expect(roomOf({ RecipientUUID: 'u' })).toBe('user:u');
  });
});
