import { describe, expect, it } from 'vitest';
import type { ClientEvent } from '@parlor/client';
import { ANN, joinFrame, ME, messageFrame, messageIn, messagesIn, SELF } from '../client/net/testing/frames.ts';
import { GENERAL, type Message, type MessageChange } from '@parlor/client/protocol';
import { markOf } from './changes.ts';
import type { AppEvent } from './events.ts';
import type { AppState } from './model.ts';
import { reduce } from './reducer.ts';
import { frame, general, inGeneral } from './testing/states.ts';

const found = (state: AppState, seq: number): Message | undefined => general(state).messages.find(({ Seq }) => Seq === seq);

function changeOf(kind: string, target: Message, seq: number, more: Partial<MessageChange> = {}): MessageChange {
  return {
    recipientUUID: '',
    change: kind,
    uuid: target.UUID,
    targetSeq: target.Seq,
    Seq: seq,
    Epoch: target.Epoch,
    CreatedAt: '2026-11-21T12:30:00Z',
    ...more,
  };
}

const changes = (change: MessageChange): ClientEvent => frame({ type: 'messageChange', messageChange: change });
const target = messageIn(GENERAL, 2);
const edited: Message = { ...target, Message: 'better', EditedAt: '2026-11-21T12:30:00Z' };
const tally = [{ Emoji: '👍', Count: 1, Users: [ANN.UUID] }];

describe('a change', () => {
  it('edits the message in its place and keeps what was counted on it', () => {
    const state = inGeneral(
      messagesIn(GENERAL, 1, 3),
      changes(changeOf('tally', target, 4, { reactions: tally })),
      changes(changeOf('edit', target, 5, { message: edited })),
    );
    expect(found(state, 2)).toEqual({ ...edited, Reactions: tally });
    expect(general(state).seq).toBe(5);
    expect(general(state).unread).toBe(0);
  });

  it('deletes it, and nothing of it is left or comes back', () => {
    const gone: Message = { ...target, Message: '', Deleted: true, DeletedBy: ANN.UUID };
    const state = inGeneral(
      messagesIn(GENERAL, 1, 3),
      changes(changeOf('delete', target, 4, { message: gone, byUUID: ANN.UUID })),
      changes(changeOf('tally', target, 5, { reactions: tally })),
    );
    expect(found(state, 2)).toEqual(gone);
  });

  it('of a kind that nobody knows yet only takes its place in the order', () => {
    const state = inGeneral(messagesIn(GENERAL, 1, 3), changes(changeOf('pin', target, 4)));
    expect(found(state, 2)).toEqual(target);
    expect(general(state).seq).toBe(4);
  });

  it('of another message in the same place changes nothing', () => {
    const other = { ...target, UUID: 'another' };
    const state = inGeneral(messagesIn(GENERAL, 1, 3), changes(changeOf('edit', other, 4, { message: edited })));
    expect(found(state, 2)).toEqual(target);
  });

  it('that came before its page of history is made on the page', () => {
    const late = inGeneral(messagesIn(GENERAL, 3, 5), changes(changeOf('edit', target, 6, { message: edited })));
    expect(found(late, 2)).toBeUndefined();
    const page = { recipientUUID: '', messages: messagesIn(GENERAL, 1, 2), epoch: 'e1', seq: 5, more: false };
    expect(found(reduce(late, { type: 'paged', room: GENERAL, place: 'older', from: 3, page }), 2)).toEqual(edited);
    const newer = { ...page, messages: [messageIn(GENERAL, 1), { ...edited, Message: 'newest' }], seq: 7 };
    expect(found(reduce(late, { type: 'paged', room: GENERAL, place: 'older', from: 3, page: newer }), 2)?.Message).toBe('newest');
  });

  it('that was missed comes with the resume', () => {
    const state = inGeneral(
      messagesIn(GENERAL, 1, 3),
      frame(
        joinFrame(GENERAL, [messageIn(GENERAL, 5)], {
          recovered: true,
          seq: 6,
          changes: [
            changeOf('edit', target, 4, { message: edited }),
            changeOf('edit', messageIn(GENERAL, 5), 6, { message: messageIn(GENERAL, 5, { Message: 'five' }) }),
          ],
        }),
      ),
    );
    expect(general(state).messages.map(({ Seq, Message: words }) => `${Seq} ${words}`)).toEqual([
      '1 message 1',
      '2 better',
      '3 message 3',
      '5 five',
    ]);
    expect(general(state).seq).toBe(6);
  });

  it('under a new epoch begins the room anew', () => {
    const state = inGeneral(messagesIn(GENERAL, 1, 3), changes({ ...changeOf('edit', target, 9), Epoch: 'e2' }));
    expect(general(state)).toMatchObject({ epoch: 'e2', seq: 9, messages: [], more: true });
  });

  it('is counted when a rejoin asks whether anything is missing', () => {
    const changed = inGeneral(messagesIn(GENERAL, 1, 3), changes(changeOf('edit', target, 4, { message: edited })));
    const rejoined = reduce(changed, frame(joinFrame(GENERAL, [messageIn(GENERAL, 5)], { seq: 5, more: true })));
    expect(general(rejoined).messages.map(({ Seq }) => Seq)).toEqual([1, 2, 3, 5]);
  });
});

describe('our own copy of a message', () => {
  const acked: AppEvent = {
    type: 'acknowledged',
    entry: {
      id: 'm1',
      room: GENERAL,
      text: '@Ann look',
      extras: { quote: { UUID: 'q', Seq: 1, SenderUUID: ANN.UUID, Sender: 'Ann', Message: 'hi' } },
      createdAt: 1,
      state: 'sent',
      attemptedAt: 1,
      sentAt: 1,
      strays: 0,
      error: null,
    },
    ack: { recipientUUID: '', UUID: 'e1-general-4', Seq: 4, Epoch: 'e1', CreatedAt: '2026-11-21T12:00:04Z' },
  };

  it('stands with its quote from the ack on, and takes what the server added', () => {
    const state = inGeneral(messagesIn(GENERAL, 1, 3), acked);
    expect(found(state, 4)?.ReplyTo?.UUID).toBe('q');
    const own = messageIn(GENERAL, 4, { SenderUUID: ME, Sender: SELF, Message: '@Ann look', Mentions: [ANN.UUID] });
    expect(found(reduce(state, frame(messageFrame(own))), 4)).toEqual(own);
  });

  it('does not undo a change that came before it', () => {
    const own = messageIn(GENERAL, 4, { SenderUUID: ME, Sender: SELF });
    const state = inGeneral(
      messagesIn(GENERAL, 1, 3),
      acked,
      changes(changeOf('tally', { ...own, UUID: 'e1-general-4' }, 5, { reactions: tally })),
      frame(messageFrame({ ...own, UUID: 'e1-general-4' })),
    );
    expect(found(state, 4)?.Reactions).toEqual(tally);
  });
});

describe('what we did to a message', () => {
  it('is shown at once, and then as the server says', () => {
    const asked = inGeneral(messagesIn(GENERAL, 1, 3), {
      type: 'marked',
      room: GENERAL,
      uuid: target.UUID,
      mark: { reactions: ['👍'], vote: [] },
    });
    expect(markOf(asked.rooms[GENERAL], target.UUID).reactions).toEqual(['👍']);
    const told = reduce(
      asked,
      frame({ type: 'messageMark', messageMark: { uuid: target.UUID, seq: 2, reactions: [], vote: [1] } }),
    );
    expect(markOf(told.rooms[GENERAL], target.UUID)).toEqual({ reactions: [], vote: [1] });
    expect(markOf(told.rooms[GENERAL], 'another')).toEqual({ reactions: [], vote: [] });
  });

  it('comes with pages', () => {
    const state = inGeneral([]);
    const marks = { [target.UUID]: { reactions: [], vote: [0] } };
    const joined = reduce(state, frame(joinFrame(GENERAL, messagesIn(GENERAL, 1, 3), { marks })));
    expect(markOf(joined.rooms[GENERAL], target.UUID).vote).toEqual([0]);
  });
});
