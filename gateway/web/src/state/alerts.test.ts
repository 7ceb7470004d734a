import { expect, test } from 'vitest';
import { ANN, joinFrame, ME, messageFrame, messageIn, messagesIn, privateMessageFrame, SELF } from '../client/net/testing/frames.ts';
import { GENERAL, namedRoom, privateRoom, type ServerFrame } from '@parlor/client/protocol';
import { alertOf, type Alert } from './alerts.ts';
import type { AppState } from './model.ts';
import { INITIAL_STATE, reduce } from './reducer.ts';

const LOBBY = namedRoom('lobby');
const WITH_ANN = privateRoom(ANN.UUID);

const away: AppState = [
  { type: 'signedIn', session: { userUUID: ME, accessKey: 'key', username: 'Me', guest: false }, fresh: true } as const,
  { type: 'activated', room: GENERAL } as const,
  { type: 'frame', frame: joinFrame(GENERAL, messagesIn(GENERAL, 1, 3)) } as const,
  { type: 'attention', attentive: false } as const,
].reduce<AppState>(reduce, INITIAL_STATE);

/** What the frame gives rise to, taken by a page that nobody looks at. */
function heard(frame: ServerFrame, before = away): Alert | null {
  return alertOf(reduce(before, { type: 'frame', frame }), frame);
}

const hers = { SenderUUID: ANN.UUID, Sender: ANN };

test('tells messages, and whether they name us or are for us alone', () => {
  expect(heard(messageFrame(messageIn(GENERAL, 4, hers)))).toMatchObject({ kind: 'message', room: GENERAL, by: 'Ann' });
  const mention = messageIn(GENERAL, 4, { ...hers, Message: '@Me look', Mentions: [ME] });
  expect(heard(messageFrame(mention))).toEqual({ kind: 'mention', room: GENERAL, by: 'Ann', text: '@Me look' });
  const joined = reduce(away, { type: 'frame', frame: joinFrame(WITH_ANN, []) });
  expect(heard(messageFrame(messageIn(WITH_ANN, 1, hers)), joined)).toMatchObject({ kind: 'private', room: WITH_ANN });
});

test('keeps still while somebody looks, and about what we said or read ourselves', () => {
  const frame = messageFrame(messageIn(GENERAL, 4, hers));
  expect(heard(frame, reduce(away, { type: 'attention', attentive: true }))).toBeNull();
  expect(heard(messageFrame(messageIn(GENERAL, 4, { SenderUUID: ME, Sender: SELF })))).toBeNull();
  expect(heard(messageFrame(messageIn(GENERAL, 2, hers)))).toBeNull();
  expect(heard(frame, INITIAL_STATE)).toBeNull();
});

test('tells hints of rooms that are not joined, and leaves the others to their messages', () => {
  const mention: ServerFrame = { type: 'sys', sys: { type: 'mention', mention: { room: 'lobby', uuid: 'm', seq: 1, epoch: 'e1', sender: ANN } } };
  expect(heard(mention)).toEqual({ kind: 'mention', room: LOBBY, by: 'Ann', text: null });
  const inside = [{ type: 'activated', room: LOBBY } as const, { type: 'frame', frame: joinFrame(LOBBY, []) } as const].reduce<AppState>(reduce, away);
  expect(heard(mention, inside)).toBeNull();
  expect(heard(privateMessageFrame(ANN, 1))).toEqual({ kind: 'private', room: WITH_ANN, by: 'Ann', text: null });
});

test('tells the loudest of what a lost connection kept from us, and nothing of a first page', () => {
  const missed = [
    messageIn(GENERAL, 4, { ...hers, Mentions: [ME], Message: 'first' }),
    messageIn(GENERAL, 5, { ...hers, Message: 'second' }),
  ];
  const page = joinFrame(GENERAL, missed);
  expect(heard(page)).toBeNull();
  if (page.type !== 'channelJoin') throw new Error('not a join');
  expect(heard({ ...page, channelJoin: { ...page.channelJoin, recovered: true } })).toMatchObject({ kind: 'mention', text: 'first' });
});
