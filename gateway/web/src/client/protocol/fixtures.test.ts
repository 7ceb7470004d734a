/** The golden frames in `shared/fixtures`, which the Rust tests read as well. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLIENT_FRAME_TYPES, decodeClientFrame, encodeClientFrame } from './client.ts';
import { decodeServerFrame, encodeServerFrame, SERVER_FRAME_TYPES, SYS_TYPES } from './server.ts';

const FIXTURES = join(import.meta.dirname, '../../../../../shared/fixtures');

function fixtures(side: 'client' | 'server'): { name: string; raw: string }[] {
  const folder = join(FIXTURES, side);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((name) => ({ name, raw: readFileSync(join(folder, name), 'utf8') }));
}

describe('client frames', () => {
  const all = fixtures('client');

  it.each(all)('$name decodes and encodes unchanged', ({ raw }) => {
    const outcome = decodeClientFrame(raw);
    if (!outcome.ok) throw new Error(outcome.problem);
    expect(JSON.parse(encodeClientFrame(outcome.value))).toEqual(JSON.parse(raw));
  });

  it('have a fixture for each type, and no type is unknown', () => {
    const types = new Set(all.map(({ raw }) => (JSON.parse(raw) as { type: string }).type));
    expect([...types].sort()).toEqual([...CLIENT_FRAME_TYPES].sort());
  });
});

describe('server frames', () => {
  const all = fixtures('server');

  it.each(all)('$name decodes and encodes unchanged', ({ raw }) => {
    const outcome = decodeServerFrame(raw);
    if (!outcome.ok) throw new Error(outcome.problem);
    expect(JSON.parse(encodeServerFrame(outcome.value))).toEqual(JSON.parse(raw));
  });

  it('have a fixture for each type and each sys type, and none is unknown', () => {
    const frames = all.map(({ raw }) => JSON.parse(raw) as { type: string; sys?: { type: string } });
    const types = new Set(frames.map((frame) => frame.type));
    const sysTypes = new Set(frames.flatMap((frame) => (frame.sys ? [frame.sys.type] : [])));
    expect([...types].sort()).toEqual([...SERVER_FRAME_TYPES].sort());
    expect([...sysTypes].sort()).toEqual([...SYS_TYPES].sort());
  });

  it('that are broken are told by their place, without their content', () => {
    const problem = (raw: string): string => {
      const outcome = decodeServerFrame(raw);
      return outcome.ok ? 'decoded' : outcome.problem;
    };
    expect(problem('hunter2')).toBe('the frame is not JSON');
    expect(problem('[]')).toBe('the frame is not an object');
    expect(problem('{"type":"toString"}')).toBe('the type is unknown');
    expect(problem('{"type":"sys","sys":{"type":"party","party":{}}}')).toBe('sys.type is unknown');
    expect(problem('{"type":"channelMessage"}')).toBe('channelMessage is not an object');
    expect(problem('{"type":"rooms","rooms":{"total":1,"received":1,"rooms":[{"room":7}]}}')).toBe(
      'rooms.rooms[0].room is not a string',
    );
    expect(problem('{"type":"pong","pong":{"time":-1}}')).toBe('pong.time is not a whole number');
  });

  it('may hold fields that this client does not know', () => {
    const outcome = decodeServerFrame('{"type":"pong","pong":{"time":1,"zone":"UTC"},"extra":[]}');
    expect(outcome).toEqual({ ok: true, value: { type: 'pong', pong: { time: 1 } } });
  });
});
