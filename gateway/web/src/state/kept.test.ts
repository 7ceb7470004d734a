import { describe, expect, it } from 'vitest';
import { messageFrame, messageIn, messagesIn } from '../client/net/testing/frames.ts';
import { GENERAL, type History } from '@parlor/client/protocol';
import type { AppEvent } from './events.ts';
import { heldOf, KEPT_LATEST, KEPT_MESSAGES, latestOf, MOST_MESSAGES } from './kept.ts';
import type { AppState, Room } from './model.ts';
import { reduce } from './reducer.ts';
import { frame, general, inGeneral } from './testing/states.ts';

/** A page as the server gives it. */
const PAGE_MESSAGES = 100;
/** What a room may hold at once, of both pieces. */
const MOST_HELD = MOST_MESSAGES + 2 * KEPT_LATEST;

const says = (seq: number): AppEvent => frame(messageFrame(messageIn(GENERAL, seq)));
const follows = (following: boolean): AppEvent => ({ type: 'following', room: GENERAL, following });

const first = (state: AppState): number | undefined => general(state).messages[0]?.Seq;
const last = (state: AppState): number | undefined => general(state).messages.at(-1)?.Seq;

/** The messages `from` to `to` as a page, of a room that ends with `end`. */
function page(from: number, to: number, end: number, more: boolean): History {
  return { recipientUUID: '', messages: to < from ? [] : messagesIn(GENERAL, from, to), epoch: 'e1', seq: end, more };
}

/** Goes up by one page, in a room that ends with `end`. */
function up(state: AppState, end: number): AppState {
  const from = first(state) ?? 1;
  const begin = Math.max(1, from - PAGE_MESSAGES);
  const asked = reduce(state, { type: 'pageAsked', room: GENERAL, place: 'older' });
  return reduce(asked, { type: 'paged', room: GENERAL, place: 'older', from, page: page(begin, from - 1, end, begin > 1) });
}

/** Goes down by one page, or by joining what is here already. */
function down(state: AppState, end: number): AppState {
  const from = last(state) ?? 0;
  const to = Math.min(end, from + PAGE_MESSAGES);
  const asked = reduce(state, { type: 'pageAsked', room: GENERAL, place: 'newer' });
  return reduce(asked, { type: 'paged', room: GENERAL, place: 'newer', from, page: page(from + 1, to, end, to < end) });
}

function expectUnbroken({ messages }: Room): void {
  const seqs = messages.map(({ Seq }) => Seq);
  expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index));
}

describe('live messages', () => {
  it('take the place of the oldest while nobody reads back', () => {
    let state = inGeneral(1);
    for (let seq = 2; seq <= MOST_MESSAGES + 1; seq += 1) state = reduce(state, says(seq));
    expect(general(state).messages).toHaveLength(KEPT_MESSAGES);
    expect(general(state)).toMatchObject({ more: true, latest: null });
    expectUnbroken(general(state));
  });

  it('leave what somebody reads where it is, and are the latest beside it', () => {
    let state = inGeneral(50, follows(false));
    for (let seq = 51; seq <= 2_000; seq += 1) state = reduce(state, says(seq));
    expect(first(state)).toBe(1);
    expect(last(state)).toBe(MOST_MESSAGES);
    expect(latestOf(general(state)).at(-1)?.Seq).toBe(2_000);
    expect(latestOf(general(state)).length).toBeGreaterThanOrEqual(KEPT_LATEST);
    expect(general(state).unread).toBe(1_950);
    const back = reduce(state, follows(true));
    expect(last(back)).toBe(2_000);
    expect(general(back)).toMatchObject({ latest: null, more: true, unread: 0 });
    expectUnbroken(general(back));
  });

  it('are drawn a line before, where somebody reads further up', () => {
    const state = inGeneral(50, follows(false), says(51), says(52));
    expect(general(state).marker).toBe(50);
  });
});

describe('a page before', () => {
  it('comes until there is no more', () => {
    const state = up(up(inGeneral(160), 160), 160);
    expect([first(state), last(state)]).toEqual([1, 160]);
    expect(general(state)).toMatchObject({ older: 'idle', more: false, latest: null });
  });

  it('shows that it is on its way, and that it failed', () => {
    const asked = inGeneral(60, { type: 'pageAsked', room: GENERAL, place: 'older' });
    expect(general(asked).older).toBe('loading');
    expect(general(reduce(asked, { type: 'pageFailed', room: GENERAL, place: 'older' })).older).toBe('failed');
  });

  it('of another epoch, or of another place, is not mixed in', () => {
    const state = inGeneral(60);
    const other: AppEvent = { type: 'paged', room: GENERAL, place: 'older', from: 11, page: { ...page(1, 10, 60, false), epoch: 'e0' } };
    expect(first(reduce(state, other))).toBe(11);
    const elsewhere: AppEvent = { type: 'paged', room: GENERAL, place: 'older', from: 5, page: page(1, 4, 60, false) };
    expect(first(reduce(state, elsewhere))).toBe(11);
  });

  it('lets go of the end that nobody reads, and has it again page by page', () => {
    let state = inGeneral(2_000, follows(false));
    while (general(state).more) state = up(state, 2_000);
    expect(first(state)).toBe(1);
    expect(last(state)).toBeLessThan(MOST_MESSAGES);
    state = reduce(state, says(2_001));
    for (let pages = 0; general(state).latest !== null && pages < 40; pages += 1) state = down(state, 2_001);
    expect(last(state)).toBe(2_001);
    expect(general(state)).toMatchObject({ latest: null, more: true });
    expectUnbroken(general(state));
  });
});

it('a page behind that was asked for before others came closes up with them', () => {
  let state = inGeneral(2_000, follows(false));
  while (general(state).more) state = up(state, 2_000);
  while ((last(state) ?? 0) < 1_850) state = down(state, 2_000);
  const from = last(state) ?? 0;
  // The end has moved on, but not beyond what is here.
  for (let seq = 2_001; seq <= 2_100; seq += 1) state = reduce(state, says(seq));
  const end = (general(state).latest?.[0]?.Seq ?? 0) - 1;
  const whole: AppEvent = { type: 'paged', room: GENERAL, place: 'newer', from, page: page(from + 1, end, end, false) };
  state = reduce(state, whole);
  expect(last(state)).toBe(2_100);
  expect(general(state).latest).toBeNull();
  expectUnbroken(general(state));
});

it('a jump goes anywhere, and back to the end', () => {
  const jumped = inGeneral(5_000, { type: 'paged', room: GENERAL, place: 'around', from: 1_000, page: page(951, 1_050, 5_000, true) });
  expect([first(jumped), last(jumped)]).toEqual([951, 1_050]);
  expect(general(jumped)).toMatchObject({ following: false, more: true });
  expect(general(jumped).latest).toHaveLength(50);
  expect(last(reduce(jumped, follows(true)))).toBe(5_000);
  expect(last(reduce(jumped, { type: 'wrote', room: GENERAL }))).toBe(5_000);
});

it('changes reach both pieces', () => {
  const jumped = inGeneral(5_000, { type: 'paged', room: GENERAL, place: 'around', from: 1_000, page: page(951, 1_050, 5_000, true) });
  const edit = (seq: number, at: number): AppEvent =>
    frame({
      type: 'messageChange',
      messageChange: {
        recipientUUID: '',
        change: 'edit',
        uuid: messageIn(GENERAL, seq).UUID,
        targetSeq: seq,
        Seq: at,
        Epoch: 'e1',
        CreatedAt: '2026-11-21T12:30:00Z',
        message: messageIn(GENERAL, seq, { Message: 'better' }),
      },
    });
  const state = [edit(1_000, 5_001), edit(4_990, 5_002)].reduce(reduce, jumped);
  expect(heldOf(general(state)).filter(({ Message }) => Message === 'better').map(({ Seq }) => Seq)).toEqual([1_000, 4_990]);
});

it('100,000 messages take no more place than a thousand', () => {
  const MANY = 100_000;
  let state = inGeneral(1);
  let most = 0;
  const begin = performance.now();
  for (let seq = 2; seq <= MANY; seq += 1) {
    state = reduce(state, says(seq));
    most = Math.max(most, heldOf(general(state)).length);
  }
  const tookMs = performance.now() - begin;
  // Now up through all of it, while more is said, and down again.
  state = reduce(state, follows(false));
  let end = MANY;
  let pages = 0;
  for (; general(state).more; pages += 1) {
    end += 1;
    state = up(reduce(state, says(end)), end);
    most = Math.max(most, heldOf(general(state)).length);
  }
  expect(first(state)).toBe(1);
  for (; general(state).latest !== null; pages += 1) {
    state = down(state, end);
    most = Math.max(most, heldOf(general(state)).length);
  }
  expect(last(state)).toBe(end);
  expectUnbroken(general(state));
  console.log(`${MANY} messages: ${(tookMs * 1_000 / MANY).toFixed(1)} µs each; through ${pages} pages at most ${most} held`);
  expect(most).toBeLessThanOrEqual(MOST_HELD);
}, 60_000);
