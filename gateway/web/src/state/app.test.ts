import { beforeEach, describe, expect, it } from 'vitest';
import { Client, SessionStore } from '../net/index.ts';
import { FakeHttp, FakeWorld, memoryStorage } from '../net/testing/fakes.ts';
import {
  ANN,
  authorizedFrame,
  errorFrame,
  greeting,
  joinFrame,
  messageFrame,
  messageIn,
  messagesIn,
  privateMessageFrame,
  privateRoomsFrame,
} from '../net/testing/frames.ts';
import { GENERAL, privateRoom, type ClientFrame, type User } from '../protocol/index.ts';
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
    http: new FakeHttp(),
    releasePreview: (address) => released.push(address),
    schedule: (notify) => {
      notify();
    },
  });
  app.start();
}

const released: string[] = [];

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

describe('private rooms', () => {
  const WITH_ANN = privateRoom(ANN.UUID);
  const many = Array.from({ length: 30 }, (_, index) => ({
    user: { UUID: `u${index}`, Username: `User ${index}`, OnLine: false } satisfies User,
    at: new Date(Date.UTC(2026, 10, 21, 12, 59 - index)).toISOString(),
  }));
  const latest = many.slice(0, 20).map(({ user }) => user.UUID);

  it('are asked for behind General, and the latest of them joined', () => {
    signIn();
    const sent = world.socket.received.map(({ type }) => type);
    expect(sent.indexOf('channelJoin')).toBeLessThan(sent.indexOf('privateRooms'));
    world.socket.say(privateRoomsFrame(many));
    expect(joins()).toEqual(['', ...latest]);
    expect(app.store.getState().order).toHaveLength(31);
  });

  it('that are not joined are joined when they are opened', () => {
    signIn();
    world.socket.say(privateRoomsFrame(many));
    app.openPrivate('u25');
    app.openPrivate('u25');
    expect(joins().slice(21)).toEqual(['u25']);
  });

  it('are asked for again after a lost connection, and the new ones joined', () => {
    signIn();
    world.socket.say(privateRoomsFrame(many.slice(1)));
    world.socket.end();
    world.clock.advance(20_000);
    world.socket.say(greeting);
    world.socket.say(authorizedFrame(world.socket.last('resume').id));
    world.socket.say(privateRoomsFrame(many));
    expect(world.socket.last('resume').resume.rooms[0]).toMatchObject({ recipientUUID: '' });
    expect(joins()).toEqual(['u0']);
  });

  it('are joined as soon as somebody writes there, once', () => {
    signIn();
    world.socket.say(privateMessageFrame(ANN, 1));
    world.socket.say(privateMessageFrame(ANN, 2));
    expect(joins()).toEqual(['', ANN.UUID]);
    expect(app.store.getState().rooms[WITH_ANN]?.unread).toBe(1);
    world.socket.say(joinFrame(WITH_ANN, messagesIn(WITH_ANN, 1, 2)));
    world.socket.say(privateMessageFrame(ANN, 2));
    world.socket.say(privateRoomsFrame([{ user: ANN, at: messageIn(WITH_ANN, 2).CreatedAt }]));
    expect(joins()).toEqual(['', ANN.UUID]);
    expect(app.store.getState().rooms[WITH_ANN]).toMatchObject({ unread: 2, phase: 'joined' });
  });

  it('of the last visit show at once, and are joined when the list comes', () => {
    signIn();
    world.socket.say(privateRoomsFrame([{ user: ANN, at: messageIn(WITH_ANN, 2).CreatedAt }]));
    world.socket.say(joinFrame(WITH_ANN, messagesIn(WITH_ANN, 1, 2)));
    app.openPrivate(ANN.UUID);
    app.open(GENERAL);
    app.save();
    comeBack();
    expect(app.store.getState().order).toEqual([GENERAL, WITH_ANN]);
    expect(joins()).toEqual(['']);
    world.socket.say(privateRoomsFrame([{ user: ANN, at: messageIn(WITH_ANN, 3).CreatedAt }]));
    world.socket.say(joinFrame(WITH_ANN, messagesIn(WITH_ANN, 1, 3)));
    expect(joins()).toEqual(['', ANN.UUID]);
    expect(app.store.getState().rooms[WITH_ANN]?.unread).toBe(1);
  });

  it('that were closed stay closed on the next visit, until something new is said', () => {
    signIn();
    app.openPrivate(ANN.UUID);
    world.socket.say(joinFrame(WITH_ANN, messagesIn(WITH_ANN, 1, 2)));
    app.leave(WITH_ANN);
    app.save();
    comeBack();
    world.socket.say(privateRoomsFrame([{ user: ANN, at: messageIn(WITH_ANN, 2).CreatedAt }]));
    expect(joins()).toEqual(['']);
    world.socket.say(privateMessageFrame(ANN, 3));
    expect(joins()).toEqual(['', ANN.UUID]);
    expect(app.store.getState().rooms[WITH_ANN]?.unread).toBe(1);
  });

  it('are asked for again when the gateway is busy; one that has no list gets the remembered ones', () => {
    signIn();
    app.openPrivate(ANN.UUID);
    app.open(GENERAL);
    app.save();
    comeBack();
    const { id } = world.socket.last('privateRooms');
    world.socket.say(errorFrame(id, 'unavailable', { retryable: true, retryAfterMs: 700 }));
    world.clock.advance(700);
    expect(world.socket.requests('privateRooms')).toHaveLength(2);
    expect(joins()).toEqual(['']);
    world.socket.say(errorFrame(world.socket.last('privateRooms').id, 'malformed'));
    expect(joins()).toEqual(['', ANN.UUID]);
  });
});
