import { beforeEach, describe, expect, it } from 'vitest';
import { Client, SessionStore } from '@parlor/client';
import { FakeHttp, FakeWorld, memoryStorage } from '../client/net/testing/fakes.ts';
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
} from '../client/net/testing/frames.ts';
import { GENERAL, namedRoom, privateRoom, type ClientFrame, type User } from '@parlor/client/protocol';
import type { Alert } from './alerts.ts';
import { App } from './app.ts';

let world: FakeWorld;
let tab: ReturnType<typeof memoryStorage>;
let shared: ReturnType<typeof memoryStorage>;
let app: App;

beforeEach(() => {
  http = new FakeHttp();
  released = [];
  alerts = [];
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
    http,
    releasePreview: (address) => released.push(address),
    alert: (alert) => alerts.push(alert),
    schedule: (notify) => {
      notify();
    },
  });
  app.start();
}

let http: FakeHttp;
let released: string[];
let alerts: Alert[];

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

  it('tells what is said while nobody looks', () => {
    signIn();
    world.socket.say(joinFrame(GENERAL, messagesIn(GENERAL, 1, 3)));
    world.socket.say(messageFrame(messageIn(GENERAL, 4)));
    app.setAttentive(false);
    world.socket.say(messageFrame(messageIn(GENERAL, 5)));
    expect(alerts).toMatchObject([{ room: GENERAL, kind: 'message' }]);
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
    void app.history.older(GENERAL);
    void app.history.older(GENERAL);
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

/** Answers that come as promises are taken up after the present step. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

describe('reading', () => {
  const LOBBY = namedRoom('lobby');

  it('is told the server once it has gone on, and not more often than needed', () => {
    signIn();
    app.openNamed('lobby');
    world.socket.say(joinFrame(LOBBY, messagesIn(LOBBY, 1, 3)));
    for (const seq of [4, 5, 6]) world.socket.say(messageFrame(messageIn(LOBBY, seq)));
    world.clock.advance(1_000);
    expect(world.socket.requests('readTo').map(({ readTo }) => readTo)).toEqual([{ room: 'lobby', seq: 6 }]);
    world.clock.advance(5_000);
    expect(world.socket.requests('readTo')).toHaveLength(1);
  });

  it('is not told of what nobody looks at', () => {
    signIn();
    app.openNamed('lobby');
    world.socket.say(joinFrame(LOBBY, messagesIn(LOBBY, 1, 3)));
    world.clock.advance(1_000);
    app.setAttentive(false);
    world.socket.say(messageFrame(messageIn(LOBBY, 4)));
    world.clock.advance(1_000);
    expect(world.socket.last('readTo').readTo.seq).toBe(3);
    app.setAttentive(true);
    world.clock.advance(1_000);
    expect(world.socket.last('readTo').readTo.seq).toBe(4);
  });

  it('is asked for after each sign-in, and again when it could not be had', async () => {
    signIn();
    world.socket.say(errorFrame(world.socket.last('unread').id, 'unavailable', { retryable: true, retryAfterMs: 500 }));
    await settled();
    world.clock.advance(500);
    expect(world.socket.requests('unread')).toHaveLength(2);
  });
});

describe('typing', () => {
  const typed = (): string[] => world.socket.requests('typing').map(({ typing: { on } }) => (on ? 'on' : 'off'));

  it('is told now and then, and ends with the message, an empty field or a pause', () => {
    signIn();
    world.socket.say(joinFrame(GENERAL, []));
    app.draft(GENERAL, 'h');
    app.draft(GENERAL, 'he');
    expect(typed()).toEqual(['on']);
    world.clock.advance(3_000);
    app.draft(GENERAL, 'hel');
    expect(typed()).toEqual(['on', 'on']);
    app.draft(GENERAL, '');
    expect(typed()).toEqual(['on', 'on', 'off']);
    app.draft(GENERAL, 'again');
    world.clock.advance(5_000);
    expect(typed().slice(3)).toEqual(['on', 'off']);
    app.draft(GENERAL, 'sent');
    app.send(GENERAL, 'sent');
    expect(typed().slice(5)).toEqual(['on', 'off']);
  });

  it('of others is forgotten after a while', () => {
    signIn();
    world.socket.say(joinFrame(GENERAL, []));
    const typing = { recipientUUID: '', userUUID: ANN.UUID, username: 'Ann', on: true };
    world.socket.say({ type: 'sys', sys: { type: 'typing', typing } });
    world.clock.advance(5_000);
    expect(app.store.getState().rooms[GENERAL]?.typists).toHaveLength(1);
    world.socket.say({ type: 'sys', sys: { type: 'typing', typing } });
    world.clock.advance(5_000);
    expect(app.store.getState().rooms[GENERAL]?.typists).toHaveLength(1);
    world.clock.advance(1_000);
    expect(app.store.getState().rooms[GENERAL]?.typists).toEqual([]);
  });
});

describe('photos', () => {
  const picked = (name: string) => ({ name, data: new Blob([name]), preview: `blob:${name}` });
  const attachments = () => app.store.getState().attachments[GENERAL] ?? [];
  const uploaded = (id: string) => ({ status: 201, body: { id, width: 4, height: 3 } });

  it('go up when they are picked, and are said with the words, each in a message', async () => {
    signIn();
    world.socket.say(joinFrame(GENERAL, []));
    app.attachments.add(GENERAL, [picked('a'), picked('b')]);
    expect(attachments().map(({ state }) => state)).toEqual(['uploading', 'uploading']);
    http.requests[0]?.progress(0.4);
    expect(attachments()[0]?.progress).toBe(0.4);
    http.requests[0]?.answer(uploaded('p1'));
    http.requests[1]?.answer(uploaded('p2'));
    await settled();
    expect(attachments().map(({ state }) => state)).toEqual(['ready', 'ready']);
    app.send(GENERAL, 'look');
    const { outbox } = app.store.getState();
    expect(outbox.map(({ text, extras }) => `${text}:${extras.photo?.Id ?? ''}`)).toEqual(['look:p1', ':p2']);
    expect(attachments()).toEqual([]);
    expect(released).toEqual(['blob:a', 'blob:b']);
  });

  it('that fail say why, can be tried again, and taken away', async () => {
    signIn();
    app.attachments.add(GENERAL, [picked('a')]);
    http.last.answer({ status: 422, body: { code: 40, reason: 'photoRefused', error: 'not a picture' } });
    await settled();
    expect(attachments()).toMatchObject([{ state: 'failed', error: { error: 'not a picture' } }]);
    app.attachments.retry(attachments()[0]?.id ?? '');
    expect(attachments()).toMatchObject([{ state: 'uploading', error: null }]);
    app.attachments.remove(attachments()[0]?.id ?? '');
    await settled();
    expect(attachments()).toEqual([]);
  });

  it('are only so many at once', () => {
    signIn();
    const many = Array.from({ length: 12 }, (_, index) => picked(String(index)));
    expect(app.attachments.add(GENERAL, many)).toBe(10);
    expect(released).toEqual(['blob:10', 'blob:11']);
  });
});

describe('reactions', () => {
  it('show at once, and go again when the server refuses', async () => {
    signIn();
    const message = messageIn(GENERAL, 1);
    world.socket.say(joinFrame(GENERAL, [message]));
    const own = () => app.store.getState().rooms[GENERAL]?.marks[message.UUID]?.reactions;
    void app.messages.react(message, '👍');
    expect(own()).toEqual(['👍']);
    expect(world.socket.last('messageReact').messageReact).toMatchObject({ uuid: message.UUID, seq: 1, emoji: '👍', on: true });
    world.socket.say(errorFrame(world.socket.last('messageReact').id, 'noSuchMessage'));
    await settled();
    expect(own()).toEqual([]);
    expect(app.store.getState().notices).toMatchObject([{ text: 'it is noSuchMessage' }]);
  });
});

describe('a room that we were put out of', () => {
  const LOBBY = namedRoom('lobby');

  it('is joined again by our own will only, and not on the next visit', () => {
    signIn();
    app.openNamed('lobby');
    world.socket.say(joinFrame(LOBBY, []));
    world.socket.say({ type: 'sys', sys: { type: 'removed', removed: { room: 'lobby', why: 'kicked' } } });
    app.open(GENERAL);
    app.open(LOBBY);
    expect(joins().filter((room) => room === 'lobby')).toHaveLength(1);
    app.rejoin(LOBBY);
    expect(joins().filter((room) => room === 'lobby')).toHaveLength(2);
    world.socket.say(joinFrame(LOBBY, []));
    world.socket.say({ type: 'sys', sys: { type: 'removed', removed: { room: 'lobby', why: 'kicked' } } });
    app.save();
    comeBack();
    expect(joins()).toEqual(['']);
  });
});
