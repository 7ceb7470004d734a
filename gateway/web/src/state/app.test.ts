import { beforeEach, describe, expect, it } from 'vitest';
import { Client, SessionStore } from '../net/index.ts';
import { FakeWorld, memoryStorage } from '../net/testing/fakes.ts';
import { ANN, authorizedFrame, errorFrame, greeting, joinFrame, messageFrame, messageIn, messagesIn } from '../net/testing/frames.ts';
import { GENERAL, privateRoom, type ClientFrame } from '../protocol/index.ts';
import { App } from './app.ts';

let world: FakeWorld;
let tab: ReturnType<typeof memoryStorage>;
let shared: ReturnType<typeof memoryStorage>;
let app: App;

beforeEach(() => {
  world = new FakeWorld();
  tab = memoryStorage();
  shared = memoryStorage();
  load();
});

function load(): void {
  const client = new Client({ env: world.env, sessions: new SessionStore(tab, shared), tab });
  app = new App({
    client,
    clock: world.clock,
    shared,
    tab,
    schedule: (notify) => {
      notify();
    },
  });
  app.start();
}

function signIn(): void {
  world.socket.say(greeting);
  app.signIn({ kind: 'password', username: 'Me', password: 'secret' });
  world.socket.say(authorizedFrame(world.socket.last('signIn').id));
}

function comeBack(): void {
  load();
  world.socket.say(greeting);
  const { id } = world.socket.last('resume');
  world.socket.say(authorizedFrame(id));
  world.socket.say({ ...(id === undefined ? {} : { id }), type: 'resume', resume: { rooms: [] } });
}

type Join = Extract<ClientFrame, { type: 'channelJoin' }>;
const joins = (): string[] =>
  world.socket.requests('channelJoin').map(({ channelJoin: { room, recipientUUID } }: Join) => room ?? recipientUUID ?? '');

describe('the app', () => {
  it('joins General and asks who there is', () => {
    signIn();
    expect(joins()).toEqual(['']);
    expect(world.socket.requests('users')).toHaveLength(1);
    expect(app.store.getState()).toMatchObject({ active: GENERAL, me: { username: 'Me' } });
  });

  it('opens a room once and shows it', () => {
    signIn();
    app.openNamed(' lobby ');
    app.openPrivate(ANN.UUID);
    app.openNamed('lobby');
    expect(joins()).toEqual(['', 'lobby', ANN.UUID]);
    expect(app.store.getState().active).toBe('room:lobby');
  });

  it('comes back after a reload to the rooms that were open, the one in front first', () => {
    signIn();
    world.socket.say({ type: 'users', users: { total: 1, received: 1, users: [ANN] } });
    app.openNamed('lobby');
    app.openPrivate(ANN.UUID);
    app.save();
    comeBack();
    expect(joins()).toEqual(['', ANN.UUID, 'lobby']);
    expect(app.store.getState().active).toBe(privateRoom(ANN.UUID));
    expect(app.store.getState().people[ANN.UUID]?.name).toBe('Ann');
  });

  it('shows the rooms even before there is a connection', () => {
    signIn();
    app.openNamed('lobby');
    app.save();
    load();
    expect(app.store.getState()).toMatchObject({ me: { username: 'Me' }, order: [GENERAL, 'room:lobby'] });
  });

  it('remembers what was read, some time after', () => {
    signIn();
    world.socket.say(joinFrame(GENERAL, messagesIn(GENERAL, 1, 3)));
    world.socket.say(messageFrame(messageIn(GENERAL, 4)));
    world.clock.advance(1_000);
    comeBack();
    world.socket.say(joinFrame(GENERAL, messagesIn(GENERAL, 1, 6)));
    expect(app.store.getState().rooms[GENERAL]?.marker).toBe(4);
  });

  it('does not come back to a room that was left', () => {
    signIn();
    app.openNamed('lobby');
    app.leave('room:lobby');
    app.leave(GENERAL);
    app.save();
    comeBack();
    expect(joins()).toEqual(['']);
    expect(app.store.getState().active).toBe(GENERAL);
  });

  it('asks for one page of older messages at a time', () => {
    signIn();
    world.socket.say(joinFrame(GENERAL, messagesIn(GENERAL, 51, 60)));
    app.loadOlder(GENERAL);
    app.loadOlder(GENERAL);
    expect(world.socket.requests('channelMessages').map(({ channelMessages }) => channelMessages.before)).toEqual([51]);
  });

  it('joins the room of a message that a reload interrupted, even when the room was not remembered', () => {
    signIn();
    app.openNamed('lobby');
    world.socket.say(joinFrame('room:lobby', []));
    app.send('room:lobby', 'hi');
    shared.remove(`parlor.rooms.${app.store.getState().me?.userUUID ?? ''}`);
    comeBack();
    expect(joins()).toEqual(['', 'lobby']);
  });

  it('keeps the rooms of an account that signs out', () => {
    signIn();
    app.openNamed('lobby');
    app.signOut();
    expect([...shared.entries.keys()]).toEqual(['parlor.rooms.me-uuid']);
  });

  it('asks again who is there when the gateway was too busy to say', () => {
    signIn();
    const { id } = world.socket.last('users');
    world.socket.say(errorFrame(id, 'rateLimited', { retryable: true, retryAfterMs: 700 }));
    world.clock.advance(700);
    expect(world.socket.requests('users')).toHaveLength(2);
  });

  it('asks who is there from time to time in a large room, where nobody is named', () => {
    signIn();
    world.socket.say(joinFrame(GENERAL, [], { usersTotal: 500 }));
    for (let step = 0; step < 12; step += 1) {
      world.clock.advance(5_000);
      world.socket.say({ type: 'pong', pong: { time: 1 } });
    }
    expect(world.socket.requests('users')).toHaveLength(2);
  });
});
