import { describe, expect, it } from 'vitest';
import { Outbox } from './outbox.ts';

const refused = { code: 7, error: 'too long' };

function outboxWith(...ids: string[]): Outbox {
  const outbox = new Outbox();
  for (const id of ids) outbox.add(id, id.startsWith('g') ? 'general' : 'room:lobby', `text of ${id}`, 1);
  return outbox;
}

const due = (outbox: Outbox): string[] => outbox.due().map(({ id }) => id);

describe('the outbox', () => {
  it('has one message of each room on its way', () => {
    const outbox = outboxWith('g1', 'g2', 'l1');
    expect(due(outbox)).toEqual(['g1', 'l1']);
    outbox.markSent('g1', 5);
    expect(due(outbox)).toEqual(['l1']);
    expect(outbox.settle('g1')).toBe(true);
    expect(outbox.settle('g1')).toBe(false);
    expect(due(outbox)).toEqual(['g2', 'l1']);
  });

  it('keeps the order when a message is put off, and goes around one that failed', () => {
    const outbox = outboxWith('g1', 'g2');
    outbox.markSent('g1', 5);
    outbox.requeue('g1');
    expect(due(outbox)).toEqual(['g1']);
    outbox.fail('g1', refused);
    expect(due(outbox)).toEqual(['g2']);
    outbox.retry('g1', 9);
    expect(outbox.entries.map(({ id }) => id)).toEqual(['g2', 'g1']);
    expect(outbox.find('g1')).toMatchObject({ state: 'queued', error: null, attemptedAt: 5 });
  });

  it('sends again what was on its way', () => {
    const outbox = outboxWith('g1', 'l1');
    outbox.markSent('g1', 5);
    outbox.markSent('l1', 50);
    expect(outbox.requeueSent(10)).toBe(true);
    expect(due(outbox)).toEqual(['g1']);
    expect(outbox.requeueSent()).toBe(true);
    expect(outbox.requeueSent()).toBe(false);
    expect(due(outbox)).toEqual(['g1', 'l1']);
    expect(outbox.find('l1')?.attemptedAt).toBe(50);
  });

  it('survives being stored, and takes nothing else', () => {
    const outbox = outboxWith('g1', 'g2');
    outbox.markSent('g1', 5);
    outbox.fail('g2', refused);
    const stored: unknown = JSON.parse(JSON.stringify([...outbox.entries, { id: 7 }, null]));
    const next = new Outbox();
    next.restore(stored);
    expect(next.entries.map(({ id, state }) => [id, state])).toEqual([
      ['g1', 'queued'],
      ['g2', 'failed'],
    ]);
    next.restore('nonsense');
    expect(next.entries).toHaveLength(2);
  });
});
