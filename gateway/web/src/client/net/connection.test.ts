import { beforeEach, describe, expect, it } from 'vitest';
import type { ServerFrame } from '../protocol/index.ts';
import { Connection } from './connection.ts';
import type { Status } from './status.ts';
import { FakeWorld } from './testing/fakes.ts';
import { errorFrame, greeting } from './testing/frames.ts';

let world: FakeWorld;
let statuses: Status[];
let frames: ServerFrame[];
let connection: Connection;

const names = (): string[] => statuses.map(({ name }) => name);

beforeEach(() => {
  world = new FakeWorld();
  statuses = [];
  frames = [];
  connection = new Connection(world.env, {
    onStatus: (status) => statuses.push(status),
    onGreeted: () => {
      connection.enter('open');
    },
    onFrame: (frame) => frames.push(frame),
    onDown: () => undefined,
  });
  connection.start();
});

function becomeReady(): void {
  world.socket.say(greeting);
  connection.enter('ready');
}

describe('a connection', () => {
  it('goes through its states, once each', () => {
    connection.start();
    world.socket.say(greeting);
    connection.enter('authenticating');
    connection.enter('ready');
    connection.enter('ready');
    connection.stop();
    expect(names()).toEqual(['connecting', 'open', 'authenticating', 'ready', 'idle']);
    expect(world.sockets).toHaveLength(1);
    expect(world.socket.closed).toBe(true);
  });

  it('comes back after a wait that grows, and starts anew once it held', () => {
    const waits: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      world.socket.end();
      const status = statuses.at(-1);
      if (status?.name !== 'waiting') throw new Error('not waiting');
      waits.push(status.retryAt - world.clock.now());
      world.clock.advance(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([450, 900, 1800]);
    becomeReady();
    world.clock.advance(10_000);
    world.socket.end();
    expect(statuses.at(-1)).toEqual({ name: 'waiting', retryAt: world.clock.now() + 450, cause: 'lost' });
  });

  it('does not hammer a gateway that lets it in and throws it out', () => {
    for (let round = 0; round < 3; round += 1) {
      becomeReady();
      world.socket.end(4008);
      world.clock.advance(450 * 2 ** round);
    }
    becomeReady();
    world.socket.end(4008);
    expect(statuses.at(-1)).toMatchObject({ retryAt: world.clock.now() + 3600 });
  });

  it('gives up a gateway that never greets', () => {
    world.clock.advance(10_000);
    expect(statuses.at(-1)).toMatchObject({ name: 'waiting', cause: 'lost' });
    expect(world.socket.closed).toBe(true);
  });

  it('can be told to try at once', () => {
    world.socket.end();
    connection.start();
    expect(names()).toEqual(['connecting', 'waiting', 'connecting']);
    world.clock.advance(60_000);
    expect(world.sockets.length).toBeGreaterThan(1);
  });

  it('leaves a draining gateway and comes back when it was told to', () => {
    becomeReady();
    const { socket } = world;
    socket.say({ type: 'sys', sys: { type: 'reconnect', reconnect: { delayMs: 1_730 } } });
    expect(statuses.at(-1)).toEqual({ name: 'draining', retryAt: world.clock.now() + 1_730 });
    expect(socket.closed).toBe(true);
    world.clock.advance(1_729);
    expect(world.sockets).toHaveLength(1);
    world.clock.advance(1);
    expect(world.sockets).toHaveLength(2);
  });

  it.each([
    [1012, 'restart', 1_250],
    [1013, 'full', 7_500],
    [4029, 'flood', 11_000],
    [1011, 'lost', 450],
    [4010, 'lost', 450],
    [1000, 'lost', 450],
  ])('reads close code %i as %s', (code, cause, wait) => {
    becomeReady();
    world.socket.end(code);
    expect(statuses.at(-1)).toEqual({ name: 'waiting', retryAt: world.clock.now() + wait, cause });
  });

  it('waits as long as the error before the close asked for', () => {
    becomeReady();
    world.socket.say(errorFrame(undefined, 'overloaded', { retryAfterMs: 30_000 }));
    world.socket.end(1013);
    expect(statuses.at(-1)).toMatchObject({ retryAt: world.clock.now() + 30_000 });
  });

  it('stops when it is at fault itself', () => {
    becomeReady();
    world.socket.end(1009);
    world.clock.advance(100_000);
    expect(statuses.at(-1)).toEqual({ name: 'stopped' });
    expect(world.sockets).toHaveLength(1);
  });

  it('rests when nobody signed in', () => {
    world.socket.say(greeting);
    world.socket.end(4001);
    world.clock.advance(100_000);
    expect(statuses.at(-1)).toEqual({ name: 'idle' });
    connection.start();
    expect(world.sockets).toHaveLength(2);
  });

  it('pings, and notices when nothing answers', () => {
    becomeReady();
    world.clock.advance(20_000);
    expect(world.socket.requests('ping')).toHaveLength(1);
    world.socket.say({ type: 'pong', id: 'ping', pong: { time: 1 } });
    world.clock.advance(20_000);
    expect(world.socket.requests('ping')).toHaveLength(2);
    expect(connection.status.name).toBe('ready');
    world.clock.advance(10_000);
    expect(statuses.at(-1)).toMatchObject({ name: 'waiting', cause: 'lost' });
    expect(frames).toEqual([]);
  });

  it('takes whatever comes for a sign of life, even what it can not read', () => {
    becomeReady();
    world.clock.advance(29_000);
    world.socket.sayText('{"type":"news from the future"}');
    world.clock.advance(5_000);
    expect(connection.status.name).toBe('ready');
    expect(frames).toEqual([]);
  });

  it('doubts itself when the network changes or the page is looked at again', () => {
    becomeReady();
    world.network.tell('visible');
    expect(world.socket.requests('ping')).toHaveLength(1);
    world.clock.advance(4_000);
    expect(connection.status.name).toBe('waiting');
  });

  it('says that it is offline, and comes back with the network', () => {
    becomeReady();
    world.network.isOnline = false;
    world.socket.end();
    expect(statuses.at(-1)).toMatchObject({ name: 'waiting', cause: 'offline' });
    world.network.tell('online');
    expect(connection.status.name).toBe('connecting');
  });

  it('stays patient with a full gateway when the network comes back', () => {
    becomeReady();
    world.socket.end(1013);
    world.network.tell('online');
    expect(statuses.at(-1)).toMatchObject({ name: 'waiting', cause: 'full' });
  });
});
