import { beforeEach, describe, expect, it } from 'vitest';
import { GENERAL, type RoomKey } from '../protocol/index.ts';
import { Client } from './client.ts';
import type { ClientEvent } from './events.ts';
import { SessionStore } from './session.ts';
import { FakeWorld, memoryStorage } from './testing/fakes.ts';
import {
  ackFrame,
  authorizedFrame,
  EPOCH,
  errorFrame,
  greeting,
  joinFrame,
  ME,
  messageFrame,
  messageIn,
  messagesIn,
  SELF,
} from './testing/frames.ts';

const LOBBY: RoomKey = 'room:lobby';

let world: FakeWorld;
let tab: ReturnType<typeof memoryStorage>;
let shared: ReturnType<typeof memoryStorage>;
let events: ClientEvent[];
let client: Client;
let ids: number;

beforeEach(() => {
  world = new FakeWorld();
  tab = memoryStorage();
  shared = memoryStorage();
  load();
});

/** Loads the page, or loads it again. */
function load(): void {
  events = [];
  ids = 0;
  client = new Client({
    env: world.env,
    sessions: new SessionStore(tab, shared),
    tab,
    newId: () => `m${(ids += 1)}`,
  });
  client.listen((event) => events.push(event));
  client.start();
}

function all<K extends ClientEvent['type']>(type: K): Extract<ClientEvent, { type: K }>[] {
  return events.filter((event): event is Extract<ClientEvent, { type: K }> => event.type === type);
}

const sentTexts = (): string[] =>
  world.socket.requests('channelMessage').map((frame) => frame.channelMessage.message);

const waiting = (): string[] => (all('outbox').at(-1)?.entries ?? []).map(({ id, state }) => `${id} ${state}`);

function signIn(): void {
  world.socket.say(greeting);
  client.signIn({ kind: 'password', username: 'Me', password: 'secret' });
  world.socket.say(authorizedFrame(world.socket.last('signIn').id));
}

function joinWith(room: RoomKey, to: number): void {
  client.join(room);
  world.socket.say(joinFrame(room, messagesIn(room, 1, to), {}, world.socket.last('channelJoin').id));
}

function own(room: RoomKey, seq: number, id: string): ReturnType<typeof messageFrame> {
  return messageFrame(messageIn(room, seq, { SenderUUID: ME, Sender: SELF, ClientMessageId: id }));
}

/** The connection breaks, and the next one is there and greets. */
function reconnect(code = 1006): void {
  world.socket.end(code);
  world.clock.advance(20_000);
  world.socket.say(greeting);
}

function answerResume(recovered: boolean, ...rooms: RoomKey[]): void {
  const { id } = world.socket.last('resume');
  world.socket.say(authorizedFrame(id));
  for (const room of rooms) world.socket.say(joinFrame(room, [], { recovered, seq: 3 }));
  world.socket.say({
    ...(id === undefined ? {} : { id }),
    type: 'resume',
    resume: { rooms: [] },
  });
}

describe('signing in', () => {
  it('by password, by nickname and with a new account', () => {
    world.socket.say(greeting);
    expect(client.status.name).toBe('open');
    client.signIn({ kind: 'guest', nickname: 'Bo' });
    expect(world.socket.last('signIn').signIn).toEqual({ nickname: 'Bo' });
    client.signIn({ kind: 'signUp', username: 'Me', password: 'secret' });
    expect(world.socket.last('signUp').signUp).toEqual({ username: 'Me', password: 'secret' });
    world.socket.say(authorizedFrame(world.socket.last('signUp').id));
    expect(client.status.name).toBe('ready');
    expect(all('signedIn')).toMatchObject([{ fresh: true, session: { userUUID: ME } }]);
  });

  it('tells why it failed and can be tried again', () => {
    world.socket.say(greeting);
    client.signIn({ kind: 'password', username: 'Me', password: 'wrong' });
    world.socket.say(errorFrame(world.socket.last('signIn').id, 'signInRefused'));
    expect(all('signInFailed')).toMatchObject([{ error: { reason: 'signInRefused' } }]);
    expect(client.status.name).toBe('open');
    signIn();
    expect(client.status.name).toBe('ready');
  });

  it('waits for a connection that is not there yet, and fails with one that breaks', () => {
    client.signIn({ kind: 'password', username: 'Me', password: 'secret' });
    world.socket.end();
    world.clock.advance(1_000);
    world.socket.say(greeting);
    expect(world.socket.requests('signIn')).toHaveLength(1);
    world.socket.end();
    expect(all('signInFailed')).toMatchObject([{ error: { reason: 'disconnected', retryable: true } }]);
  });

  it('connects again after the gateway got tired of waiting', () => {
    world.socket.say(greeting);
    world.socket.end(4001);
    client.signIn({ kind: 'password', username: 'Me', password: 'secret' });
    world.socket.say(greeting);
    expect(world.socket.requests('signIn')).toHaveLength(1);
  });

  it('lasts over a reload, by the access key', () => {
    signIn();
    load();
    world.socket.say(greeting);
    expect(world.socket.last('resume').resume).toEqual({
      userUUID: ME,
      accessKey: `key-of-${ME}`,
      rooms: [],
    });
    answerResume(true);
    expect(all('signedIn')).toMatchObject([{ fresh: true }]);
    expect(client.status.name).toBe('ready');
  });

  it('ends when the key is no longer known', () => {
    signIn();
    load();
    world.socket.say(greeting);
    world.socket.say(errorFrame(world.socket.last('resume').id, 'sessionExpired'));
    expect(all('signedOut')).toMatchObject([{ why: 'expired' }]);
    expect(client.status.name).toBe('open');
    load();
    world.socket.say(greeting);
    expect(world.socket.requests('resume')).toHaveLength(0);
  });

  it('is tried again while the gateway has too much to do', () => {
    signIn();
    load();
    world.socket.say(greeting);
    world.socket.say(
      errorFrame(world.socket.last('resume').id, 'overloaded', { retryable: true, retryAfterMs: 700 }),
    );
    expect(client.status.name).toBe('authenticating');
    world.clock.advance(700);
    expect(world.socket.requests('resume')).toHaveLength(2);
  });
});

describe('signing out', () => {
  it('forgets the user here and there, and takes nothing that comes late', () => {
    signIn();
    joinWith(GENERAL, 3);
    client.signOut();
    expect(world.socket.requests('signOut')).toHaveLength(1);
    expect(all('signedOut')).toMatchObject([{ why: 'asked' }]);
    const before = events.length;
    world.socket.say(messageFrame(messageIn(GENERAL, 4)));
    expect(events).toHaveLength(before);
    world.socket.say({ type: 'signOut', signOut: { uuid: ME } });
    expect(client.status.name).toBe('open');
    expect(tab.entries.size + shared.entries.size).toBe(0);
  });

  it('does not wait for ever', () => {
    signIn();
    client.signOut();
    world.clock.advance(2_000);
    expect(world.sockets).toHaveLength(2);
  });

  it('lets somebody else in at once', () => {
    signIn();
    client.signOut();
    client.signIn({ kind: 'guest', nickname: 'Bo' });
    world.socket.say({ type: 'signOut', signOut: { uuid: ME } });
    expect(client.status.name).toBe('authenticating');
    world.socket.say(authorizedFrame(world.socket.last('signIn').id, 'bo', 'Bo'));
    expect(client.session?.username).toBe('Bo');
  });

  it('in another tab signs out here', () => {
    signIn();
    const oldValue = shared.get('parlor.session');
    client.onStorage({ key: 'parlor.session', oldValue, newValue: null });
    expect(all('signedOut')).toMatchObject([{ why: 'elsewhere' }]);
    expect(client.session).toBeNull();
  });
});

describe('rooms', () => {
  it('are joined beside those joined before', () => {
    signIn();
    client.join(LOBBY);
    expect(world.socket.last('channelJoin').channelJoin).toEqual({ room: 'lobby', keepJoined: true, limit: 50 });
    client.join(LOBBY);
    expect(world.socket.requests('channelJoin')).toHaveLength(1);
  });

  it('that can not be joined are told, and their messages fail', () => {
    signIn();
    client.join(LOBBY);
    client.send(LOBBY, 'hi');
    world.socket.say(errorFrame(world.socket.last('channelJoin').id, 'joinRefused'));
    expect(all('joinFailed')).toMatchObject([{ room: LOBBY, error: { reason: 'joinRefused' } }]);
    expect(waiting()).toEqual(['m1 failed']);
  });

  it('are many only after a while, and what somebody waits for comes first', () => {
    signIn();
    const keys = Array.from({ length: 40 }, (_, index): RoomKey => `room:${index}`);
    for (const key of keys) client.join(key);
    const asked = (): (string | undefined)[] =>
      world.socket.requests('channelJoin').map(({ channelJoin }) => channelJoin.room);
    expect(asked()).toHaveLength(30);
    client.join('room:39', true);
    client.join('room:new', true);
    client.leave('room:30');
    world.clock.advance(1_500);
    expect(asked().slice(30)).toEqual(['new', '39', '31']);
    world.clock.advance(10_000);
    expect(new Set(asked()).size).toBe(40);
  });

  it('that wait to be joined are joined by the next connection', () => {
    signIn();
    joinWith(GENERAL, 3);
    for (let index = 0; index < 40; index += 1) client.join(`room:${index}`);
    reconnect();
    expect(world.socket.last('resume').resume.rooms).toHaveLength(41);
    answerResume(true, GENERAL);
    world.clock.advance(5_000);
    expect(world.socket.requests('channelJoin')).toEqual([]);
  });

  it('are asked for again when a frame was refused unread, unless the answer comes', () => {
    signIn();
    joinWith(GENERAL, 3);
    client.join(LOBBY);
    client.join('room:design');
    client.privateRooms();
    world.socket.say(errorFrame(undefined, 'rateLimited', { retryable: true, retryAfterMs: 100 }));
    world.socket.say(joinFrame(LOBBY, [], {}, world.socket.requests('channelJoin')[1]?.id));
    world.clock.advance(2_100);
    expect(world.socket.requests('channelJoin').map(({ channelJoin }) => channelJoin.room)).toEqual([
      undefined,
      'lobby',
      'design',
      'design',
    ]);
    expect(all('requestFailed')).toMatchObject([{ request: 'privateRooms', error: { reason: 'rateLimited' } }]);
  });

  it('are asked for again when the gateway is busy', () => {
    signIn();
    client.join(LOBBY);
    world.socket.say(
      errorFrame(world.socket.last('channelJoin').id, 'rateLimited', { retryable: true, retryAfterMs: 400 }),
    );
    world.clock.advance(400);
    expect(world.socket.requests('channelJoin')).toHaveLength(2);
    expect(all('joinFailed')).toEqual([]);
  });

  it('are resumed from the last message received', () => {
    signIn();
    joinWith(GENERAL, 3);
    world.socket.say(messageFrame(messageIn(GENERAL, 4)));
    client.join(LOBBY);
    reconnect();
    expect(world.socket.last('resume').resume.rooms).toEqual([
      { recipientUUID: '', epoch: EPOCH, seq: 4 },
      { room: 'lobby', epoch: '', seq: 0 },
    ]);
    answerResume(true, GENERAL, LOBBY);
    expect(client.status.name).toBe('ready');
    expect(all('signedIn').map(({ fresh }) => fresh)).toEqual([true, false]);
    expect(world.socket.requests('channelJoin')).toEqual([]);
  });

  it('are joined one by one when one of them spoils the resume', () => {
    signIn();
    joinWith(GENERAL, 3);
    reconnect();
    world.socket.say(errorFrame(world.socket.last('resume').id, 'malformed'));
    expect(world.socket.last('resume').resume.rooms).toEqual([]);
    answerResume(true);
    expect(world.socket.requests('channelJoin')).toHaveLength(1);
    expect(client.status.name).toBe('ready');
  });

  it('that a resume could not join are told', () => {
    signIn();
    joinWith(LOBBY, 1);
    reconnect();
    const { id } = world.socket.last('resume');
    world.socket.say(authorizedFrame(id));
    world.socket.say({
      type: 'resume',
      resume: {
        rooms: [{ room: 'lobby', recovered: false, epoch: '', seq: 0, error: { code: 11, error: 'gone' } }],
      },
    });
    expect(all('joinFailed')).toMatchObject([{ room: LOBBY, error: { error: 'gone' } }]);
  });

  it('are joined again when the gateway lost messages of them, or a gap shows', () => {
    signIn();
    joinWith(GENERAL, 3);
    world.socket.say({ type: 'sys', sys: { type: 'resync', resync: { recipientUUID: '', epoch: EPOCH, seq: 9 } } });
    expect(world.socket.requests('channelJoin')).toHaveLength(2);
    world.socket.say(joinFrame(GENERAL, messagesIn(GENERAL, 5, 9)));
    world.socket.say(messageFrame(messageIn(GENERAL, 10)));
    expect(world.socket.requests('channelJoin')).toHaveLength(2);
    world.socket.say(messageFrame(messageIn(GENERAL, 12)));
    expect(world.socket.requests('channelJoin')).toHaveLength(3);
  });

  it('that were left say nothing more', () => {
    signIn();
    joinWith(LOBBY, 1);
    client.leave(LOBBY);
    expect(world.socket.last('channelLeave').channelLeave).toEqual({ room: 'lobby' });
    const before = all('frame').length;
    world.socket.say(messageFrame(messageIn(LOBBY, 2)));
    expect(all('frame')).toHaveLength(before);
  });
});

describe('sending', () => {
  beforeEach(() => {
    signIn();
    joinWith(GENERAL, 3);
  });

  it('goes one by one in each room, and ends with the ack', () => {
    client.send(GENERAL, 'one');
    client.send(GENERAL, 'two');
    expect(sentTexts()).toEqual(['one']);
    expect(world.socket.last('channelMessage')).toMatchObject({ id: 'm1', channelMessage: { clientMessageId: 'm1' } });
    world.socket.say(ackFrame(GENERAL, 'm1', 4));
    expect(sentTexts()).toEqual(['one', 'two']);
    world.socket.say(own(GENERAL, 4, 'm1'));
    expect(waiting()).toEqual(['m2 sent']);
    expect(all('acknowledged')).toMatchObject([{ entry: { id: 'm1' }, ack: { Seq: 4 } }]);
  });

  it('ends with our own copy, too', () => {
    client.send(GENERAL, 'one');
    world.socket.say(own(GENERAL, 4, 'm1'));
    expect(waiting()).toEqual([]);
    world.socket.say(ackFrame(GENERAL, 'm1', 4));
    expect(all('acknowledged')).toEqual([]);
  });

  it("does not end with somebody else's message of the same id", () => {
    client.send(GENERAL, 'one');
    world.socket.say(messageFrame(messageIn(GENERAL, 4, { ClientMessageId: 'm1' })));
    expect(waiting()).toEqual(['m1 sent']);
  });

  it('goes out again after a lost connection, in order and under the same id', () => {
    client.send(GENERAL, 'one');
    client.send(GENERAL, 'two');
    world.socket.end();
    client.send(GENERAL, 'three');
    world.clock.advance(20_000);
    world.socket.say(greeting);
    answerResume(true, GENERAL);
    expect(world.socket.last('channelMessage').id).toBe('m1');
    for (const [index, id] of ['m1', 'm2', 'm3'].entries()) {
      world.socket.say(ackFrame(GENERAL, id, 4 + index));
    }
    expect(sentTexts()).toEqual(['one', 'two', 'three']);
    expect(waiting()).toEqual([]);
  });

  it('does not go out again when resuming brings our own copy', () => {
    client.send(GENERAL, 'one');
    reconnect();
    const { id } = world.socket.last('resume');
    world.socket.say(authorizedFrame(id));
    const copy = messageIn(GENERAL, 4, { SenderUUID: ME, Sender: SELF, ClientMessageId: 'm1' });
    world.socket.say(joinFrame(GENERAL, [copy], { recovered: true }));
    world.socket.say({ type: 'resume', resume: { rooms: [] } });
    expect(sentTexts()).toEqual([]);
    expect(waiting()).toEqual([]);
  });

  it('waits before `resume` is through', () => {
    client.send(GENERAL, 'one');
    reconnect();
    world.socket.say(authorizedFrame(world.socket.last('resume').id));
    world.socket.say(joinFrame(GENERAL, [], { recovered: true }));
    expect(sentTexts()).toEqual([]);
  });

  it('is put off by a rate limit, without being overtaken', () => {
    client.send(GENERAL, 'one');
    client.send(GENERAL, 'two');
    world.socket.say(errorFrame('m1', 'rateLimited', { retryable: true, retryAfterMs: 400 }));
    expect(all('held').at(-1)?.hold).toMatchObject({ until: world.clock.now() + 400 });
    client.send(GENERAL, 'three');
    expect(sentTexts()).toEqual(['one']);
    world.clock.advance(400);
    expect(all('held').at(-1)?.hold).toBeNull();
    expect(sentTexts()).toEqual(['one', 'one']);
    world.socket.say(ackFrame(GENERAL, 'm1', 4));
    expect(sentTexts()).toEqual(['one', 'one', 'two']);
  });

  it('is tried ever more rarely while the gateway is in trouble', () => {
    client.send(GENERAL, 'one');
    const waits: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      world.socket.say(errorFrame('m1', 'unavailable', { retryable: true }));
      waits.push((all('held').at(-1)?.hold?.until ?? 0) - world.clock.now());
      world.clock.advance(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([900, 1800, 3600]);
    expect(sentTexts()).toHaveLength(4);
  });

  it('rests while the gateway can not store', () => {
    world.socket.say({ type: 'sys', sys: { type: 'sending', sending: { paused: true } } });
    client.send(GENERAL, 'one');
    expect(sentTexts()).toEqual([]);
    world.socket.say({ type: 'sys', sys: { type: 'sending', sending: { paused: false } } });
    expect(sentTexts()).toEqual(['one']);
    expect(all('paused').map(({ paused }) => paused)).toEqual([true, false]);
  });

  it('fails with a reason, and can be tried again or given up', () => {
    client.send(GENERAL, 'one');
    client.send(GENERAL, 'two');
    world.socket.say(errorFrame('m1', 'messageRefused'));
    expect(waiting()).toEqual(['m1 failed', 'm2 sent']);
    client.retry('m1');
    expect(waiting()).toEqual(['m2 sent', 'm1 queued']);
    world.socket.say(ackFrame(GENERAL, 'm2', 4));
    world.socket.say(errorFrame('m1', 'messageRefused'));
    client.discard('m1');
    expect(waiting()).toEqual([]);
  });

  it('joins the room again when the gateway says that we are not in it', () => {
    client.send(GENERAL, 'one');
    world.socket.say(errorFrame('m1', 'notJoined'));
    expect(world.socket.requests('channelJoin')).toHaveLength(2);
    expect(sentTexts()).toEqual(['one']);
    world.socket.say(joinFrame(GENERAL, []));
    expect(sentTexts()).toEqual(['one', 'one']);
  });

  it('gives up a room that can not be joined whatever we do', () => {
    client.send(GENERAL, 'one');
    for (let round = 0; round < 4; round += 1) {
      world.socket.say(errorFrame('m1', 'notJoined'));
      world.socket.say(joinFrame(GENERAL, []));
    }
    expect(waiting()).toEqual(['m1 failed']);
  });

  it('goes on after a reload', () => {
    client.send(GENERAL, 'one');
    load();
    world.socket.say(greeting);
    answerResume(true);
    joinWith(GENERAL, 3);
    expect(sentTexts()).toEqual(['one']);
    world.socket.say(ackFrame(GENERAL, 'm1', 4));
    load();
    world.socket.say(greeting);
    answerResume(true);
    expect(waiting()).toEqual([]);
  });

  it('goes on after a reload and an expired session, with what was written in between', () => {
    client.send(GENERAL, 'one');
    load();
    ids = 10;
    client.send(GENERAL, 'two');
    world.socket.say(greeting);
    world.socket.say(errorFrame(world.socket.last('resume').id, 'sessionExpired'));
    signIn();
    joinWith(GENERAL, 3);
    expect(sentTexts()).toEqual(['one']);
    world.socket.say(ackFrame(GENERAL, 'm1', 4));
    expect(sentTexts()).toEqual(['one', 'two']);
  });

  it('asks a person when nobody can know whether a message arrived', () => {
    client.send(GENERAL, 'one');
    world.socket.end();
    world.clock.advance(6 * 60_000);
    world.socket.say(greeting);
    answerResume(false, GENERAL);
    expect(sentTexts()).toEqual([]);
    expect(all('outbox').at(-1)?.entries).toMatchObject([{ state: 'failed', error: { reason: 'uncertain' } }]);
  });

  it('is sure when all that was missed came, however late', () => {
    client.send(GENERAL, 'one');
    world.socket.end();
    world.clock.advance(6 * 60_000);
    world.socket.say(greeting);
    answerResume(true, GENERAL);
    expect(sentTexts()).toEqual(['one']);
  });

  it('is repeated when a living connection says nothing of it', () => {
    client.send(GENERAL, 'one');
    for (let second = 0; second < 30; second += 1) {
      world.clock.advance(1_000);
      world.socket.say({ type: 'pong', pong: { time: 1 } });
    }
    expect(sentTexts()).toEqual(['one', 'one']);
  });
});

describe('questions', () => {
  it('fail when there is no connection, or when it breaks', () => {
    client.users();
    expect(all('requestFailed')).toMatchObject([{ request: 'users' }]);
    signIn();
    client.older(GENERAL, 5);
    client.rooms();
    world.socket.end();
    expect(all('requestFailed').slice(1)).toMatchObject([
      { request: 'history', room: GENERAL },
      { request: 'rooms' },
    ]);
  });

  it('hand on their answers and their errors', () => {
    signIn();
    client.rooms(100);
    expect(world.socket.last('rooms').rooms).toEqual({ offset: 100, limit: 100 });
    client.privateRooms();
    expect(world.socket.last('privateRooms').privateRooms).toEqual({ limit: 50 });
    world.socket.say({ type: 'rooms', rooms: { total: 0, received: 0, rooms: [] } });
    expect(all('frame')).toMatchObject([{ frame: { type: 'rooms' } }]);
    client.users();
    world.socket.say(errorFrame(world.socket.last('users').id, 'rateLimited', { retryable: true }));
    expect(all('requestFailed')).toMatchObject([{ request: 'users', error: { reason: 'rateLimited' } }]);
  });
});

describe('questions with one answer', () => {
  it('get it, a refusal, or word that there is none', async () => {
    signIn();
    const info = client.ask('roomInfo', { room: 'lobby' });
    const { id } = world.socket.last('roomInfo');
    world.socket.say({ ...(id === undefined ? {} : { id }), type: 'roomInfo', roomInfo: { room: 'lobby', members: 2 } });
    expect(await info).toEqual({ ok: true, value: { room: 'lobby', members: 2 } });
    expect(all('frame').at(-1)?.frame.type).toBe('roomInfo');

    const refused = client.ask('roomKick', { room: 'lobby', userUUID: 'ann' });
    world.socket.say(errorFrame(world.socket.last('roomKick').id, 'forbidden'));
    expect(await refused).toMatchObject({ ok: false, error: { reason: 'forbidden' } });

    const silent = client.ask('sessions', undefined);
    expect(world.socket.last('sessions')).not.toHaveProperty('sessions');
    for (let step = 0; step < 4; step += 1) {
      world.clock.advance(5_000);
      world.socket.say({ type: 'pong', pong: { time: 1 } });
    }
    expect(await silent).toMatchObject({ ok: false, error: { reason: 'noAnswer' } });
  });

  it('fail with the connection, and are not asked without one', async () => {
    signIn();
    const lost = client.ask('unread', {});
    world.socket.end();
    expect(await lost).toMatchObject({ ok: false, error: { reason: 'disconnected', retryable: true } });
    expect(await client.ask('unread', {})).toMatchObject({ ok: false, error: { reason: 'disconnected' } });
  });

  it('that were one frame too many fail as such', async () => {
    signIn();
    const asked = client.ask('profile', { userUUID: 'ann' });
    world.socket.say(errorFrame(undefined, 'rateLimited', { retryable: true, retryAfterMs: 100 }));
    world.clock.advance(2_000);
    expect(await asked).toMatchObject({ ok: false, error: { reason: 'rateLimited' } });
  });

  it('about a list of users do not become the list of all', async () => {
    signIn();
    const before = all('frame').length;
    const found = client.ask('users', { prefix: 'an' });
    const { id } = world.socket.last('users');
    world.socket.say({ ...(id === undefined ? {} : { id }), type: 'users', users: { total: 0, received: 0, users: [] } });
    expect(await found).toMatchObject({ ok: true });
    expect(all('frame')).toHaveLength(before);
  });
});

describe('changes of messages', () => {
  const change = (seq: number, kind = 'edit'): void => {
    world.socket.say({
      type: 'messageChange',
      messageChange: { room: 'lobby', change: kind, uuid: 'u', targetSeq: 1, Seq: seq, Epoch: EPOCH, CreatedAt: '2026-11-21T12:00:00Z' },
    });
  };

  it('take a place in the room’s order, whatever they change', () => {
    signIn();
    joinWith(LOBBY, 3);
    change(4);
    change(5, 'pin');
    world.socket.say(messageFrame(messageIn(LOBBY, 6)));
    expect(world.socket.requests('channelJoin')).toHaveLength(1);
    reconnect();
    expect(world.socket.last('resume').resume.rooms).toEqual([{ room: 'lobby', epoch: EPOCH, seq: 6 }]);
  });

  it('that are missing make the client join anew', () => {
    signIn();
    joinWith(LOBBY, 3);
    change(5);
    expect(world.socket.requests('channelJoin')).toHaveLength(2);
  });
});

describe('a message', () => {
  it('goes out with its quote, its photo or its poll, and again with them after a reload', () => {
    signIn();
    joinWith(LOBBY, 1);
    const quote = { UUID: 'q', Seq: 1, SenderUUID: 'ann', Sender: 'Ann', Message: 'hi' };
    client.send(LOBBY, 'yes', { quote, photo: { Id: 'p1', Width: 4, Height: 3 } });
    expect(world.socket.last('channelMessage').channelMessage).toEqual({
      room: 'lobby',
      message: 'yes',
      clientMessageId: 'm1',
      replyTo: { uuid: 'q', seq: 1 },
      photo: 'p1',
    });
    load();
    world.socket.say(greeting);
    client.join(LOBBY);
    answerResume(false);
    world.socket.say(joinFrame(LOBBY, messagesIn(LOBBY, 1, 1)));
    expect(world.socket.last('channelMessage').channelMessage).toMatchObject({ photo: 'p1', replyTo: { uuid: 'q' } });
  });

  it('in slow mode waits for its room alone', () => {
    signIn();
    joinWith(LOBBY, 1);
    joinWith(GENERAL, 1);
    client.send(LOBBY, 'first');
    world.socket.say(errorFrame('m1', 'slowMode', { retryable: true, retryAfterMs: 5_000 }));
    expect(all('slowed')).toMatchObject([{ room: LOBBY, until: world.clock.now() + 5_000 }]);
    expect(all('held')).toEqual([]);
    client.send(GENERAL, 'meanwhile');
    expect(sentTexts()).toEqual(['first', 'meanwhile']);
    world.clock.advance(5_000);
    expect(sentTexts()).toEqual(['first', 'meanwhile', 'first']);
  });

  it('to a room that we are put out of fails, and the room is not resumed', () => {
    signIn();
    joinWith(LOBBY, 1);
    client.send(LOBBY, 'too late');
    world.socket.say({ type: 'sys', sys: { type: 'removed', removed: { room: 'lobby', why: 'kicked' } } });
    expect(waiting()).toEqual(['m1 failed']);
    reconnect();
    expect(world.socket.last('resume').resume.rooms).toEqual([]);
  });
});

describe('a session', () => {
  it('that is ended elsewhere is forgotten, and the page is somebody’s again', () => {
    signIn();
    world.socket.say({ type: 'sys', sys: { type: 'signedOut', signedOut: { why: 'passwordChanged' } } });
    expect(all('signedOut')).toMatchObject([{ why: 'passwordChanged' }]);
    expect(client.session).toBeNull();
    world.socket.say(greeting);
    expect(client.status.name).toBe('open');
  });

  it('of a user who is banned ends with the reason, here and at the next attempt', () => {
    signIn();
    world.socket.say(errorFrame(undefined, 'banned'));
    expect(all('signedOut')).toMatchObject([{ why: 'banned', error: { error: 'it is banned' } }]);
    signIn();
    reconnect();
    world.socket.say(errorFrame(world.socket.last('resume').id, 'banned'));
    expect(all('signedOut').at(-1)).toMatchObject({ why: 'banned' });
    expect(client.status.name).toBe('open');
  });
});
