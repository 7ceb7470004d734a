import { beforeEach, describe, expect, it } from 'vitest';
import { namedRoom, Parlor, ParlorError, type ParlorEvents } from './index.ts';
import { FakeHttp, FakeWorld } from './net/testing/fakes.ts';
import {
  ackFrame,
  ANN,
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
} from './net/testing/frames.ts';
import { keyOf, refOf, type MessageChange } from './protocol/index.ts';

const LOBBY = namedRoom('lobby');

let world: FakeWorld;
let http: FakeHttp;
let parlor: Parlor;

beforeEach(() => {
  world = new FakeWorld();
  http = new FakeHttp();
  parlor = new Parlor({ url: 'http://gateway' }, { env: world.env, http, base: 'http://gateway' });
});

function hear<K extends keyof ParlorEvents>(name: K): ParlorEvents[K][] {
  const heard: ParlorEvents[K][] = [];
  parlor.on(name, (event) => heard.push(event));
  return heard;
}

async function signIn(): Promise<void> {
  const signedIn = parlor.signIn({ token: 'a.b.c' });
  world.socket.say(greeting);
  world.socket.say(authorizedFrame(world.socket.last('signIn').id));
  expect((await signedIn).userUUID).toBe(ME);
}

async function join(to = 0): Promise<void> {
  const joined = parlor.join(LOBBY);
  world.socket.say(joinFrame(LOBBY, to === 0 ? [] : messagesIn(LOBBY, 1, to), {}, world.socket.last('channelJoin').id));
  expect((await joined).seq).toBe(to);
}

/** The connection breaks, and the next one is resumed with what was missed. */
function resume(answer: Parameters<typeof joinFrame>[2], ...messages: ReturnType<typeof messagesIn>): void {
  world.socket.end(1006);
  world.clock.advance(20_000);
  world.socket.say(greeting);
  const { id } = world.socket.last('resume');
  world.socket.say(authorizedFrame(id));
  world.socket.say(joinFrame(LOBBY, messages, answer));
  world.socket.say({ ...(id === undefined ? {} : { id }), type: 'resume', resume: { rooms: [] } });
}

function change(seq: number): MessageChange {
  return { ...refOf(LOBBY), change: 'tally', uuid: 'x', targetSeq: 1, Seq: seq, Epoch: EPOCH, CreatedAt: '2026-11-22T00:00:00Z' };
}

const lastId = (): string => {
  const { clientMessageId } = world.socket.last('channelMessage').channelMessage;
  if (clientMessageId === undefined) throw new Error('the message has no id');
  return clientMessageId;
};

async function errorOf(promise: Promise<unknown>): Promise<ParlorError> {
  const error = await promise.then(() => null, (reason: unknown) => reason);
  if (error instanceof ParlorError) return error;
  throw new Error('it did not reject with a ParlorError');
}

describe('signing in', () => {
  it('rejects with what the server says, and when to try again', async () => {
    const refused = errorOf(parlor.signIn({ username: 'Me', password: 'wrong' }));
    world.socket.say(greeting);
    world.socket.say(errorFrame(world.socket.last('signIn').id, 'signInRefused', { code: 4 }));
    expect(await refused).toMatchObject({ reason: 'signInRefused', code: 4, message: 'it is signInRefused', retry: 'never' });
    const early = errorOf(parlor.signIn({ nickname: 'Me' }));
    world.socket.say(errorFrame(world.socket.last('signIn').id, 'tooManyAttempts', { retryable: true, retryAfterMs: 700 }));
    expect((await early).retry).toEqual({ afterMs: 700 });
    expect(parlor.status.name).toBe('open');
  });

  it('by an access key resumes nothing, and stays', async () => {
    const signedIn = parlor.signIn({ userUUID: ME, accessKey: 'k' });
    world.socket.say(greeting);
    const { id, resume: asked } = world.socket.last('resume');
    expect(asked).toEqual({ userUUID: ME, accessKey: 'k', rooms: [] });
    world.socket.say(authorizedFrame(id));
    await signedIn;
    expect(parlor.status.name).toBe('ready');
  });

  it('as somebody else is not mistaken for a resume that is under way', async () => {
    await signIn();
    await join();
    world.socket.end(1006);
    world.clock.advance(20_000);
    world.socket.say(greeting);
    const resumed = world.socket.last('resume').id;
    const other = parlor.signIn({ nickname: 'Bo' });
    world.socket.say(authorizedFrame(resumed));
    world.socket.say(joinFrame(LOBBY, [], { recovered: true }));
    world.socket.say({ id: resumed ?? '', type: 'resume', resume: { rooms: [] } });
    world.socket.say(authorizedFrame(world.socket.last('signIn').id, 'bo-uuid', 'Bo'));
    expect((await other).username).toBe('Bo');
    expect([parlor.session?.username, parlor.people(LOBBY)]).toEqual(['Bo', null]);
  });

  it('with a fresh token of the same user changes nothing else', async () => {
    await signIn();
    await join(3);
    const heard = hear('message');
    const renewed = parlor.signIn({ token: 'd.e.f' });
    world.socket.say(messageFrame(messageIn(LOBBY, 4)));
    world.socket.say(authorizedFrame(world.socket.last('signIn').id));
    await renewed;
    world.socket.say(messageFrame(messageIn(LOBBY, 5)));
    expect(heard.map(({ message }) => message.Seq)).toEqual([4, 5]);
    expect(world.socket.requests('channelJoin')).toHaveLength(1);
    const refused = errorOf(parlor.signIn({ token: 'bad' }));
    world.socket.say(errorFrame(world.socket.last('signIn').id, 'sessionExpired'));
    await refused;
    // What held before holds still.
    expect([parlor.status.name, parlor.session?.userUUID]).toEqual(['ready', ME]);
  });
});

describe('a message', () => {
  it('resolves by its ack', async () => {
    await signIn();
    await join(1);
    const sent = parlor.send(LOBBY, 'Hello', { replyTo: messageIn(LOBBY, 1) });
    expect(world.socket.last('channelMessage').channelMessage.replyTo).toEqual({ uuid: `${EPOCH}-${LOBBY}-1`, seq: 1 });
    world.socket.say(ackFrame(LOBBY, lastId(), 2));
    expect((await sent).Seq).toBe(2);
    expect(parlor.unsent).toEqual([]);
  });

  it('resolves by our own copy that a resume brings, and is not sent again', async () => {
    await signIn();
    await join();
    const sent = parlor.send(LOBBY, 'Hello');
    const id = lastId();
    resume({ recovered: true }, messageIn(LOBBY, 1, { SenderUUID: ME, Sender: SELF, ClientMessageId: id }));
    expect(await sent).toMatchObject({ Seq: 1, ClientMessageId: id });
    expect(world.socket.requests('channelMessage')).toEqual([]);
  });

  it('goes out again under the same id when nobody knows of it', async () => {
    await signIn();
    await join();
    const sent = parlor.send(LOBBY, 'Hello');
    const id = lastId();
    resume({ recovered: true });
    expect(lastId()).toBe(id);
    world.socket.say(ackFrame(LOBBY, id, 1));
    expect((await sent).Seq).toBe(1);
  });

  it('that is refused, left behind or signed out of rejects, and is kept no longer', async () => {
    await signIn();
    await join();
    const refused = errorOf(parlor.send(LOBBY, ''));
    world.socket.say(errorFrame(lastId(), 'messageRefused'));
    expect((await refused).reason).toBe('messageRefused');
    const elsewhere = errorOf(parlor.send(namedRoom('never joined'), 'x'));
    const left = errorOf(parlor.send(LOBBY, 'x'));
    parlor.leave(LOBBY);
    expect((await left).reason).toBe('left');
    parlor.signOut();
    expect((await elsewhere).reason).toBe('signedOut');
    expect(parlor.unsent).toEqual([]);
  });

  it('that the server would not read is refused before it ends the connection', async () => {
    await signIn();
    await join();
    const long = errorOf(parlor.send(LOBBY, 'é'.repeat(33_000)));
    const next = parlor.send(LOBBY, 'short');
    expect((await long).reason).toBe('messageRefused');
    expect(world.socket.requests('channelMessage').map((frame) => frame.channelMessage.message)).toEqual(['short']);
    world.socket.say(ackFrame(LOBBY, lastId(), 1));
    await next;
    expect((await errorOf(parlor.edit(messageIn(LOBBY, 1), 'x'.repeat(70_000)))).reason).toBe('messageRefused');
    expect(parlor.status.name).toBe('ready');
  });
});

describe('what others say', () => {
  it('comes once and in order, with the changes, over a lost connection', async () => {
    await signIn();
    await join(2);
    const order: string[] = [];
    parlor.on('message', ({ message, via }) => order.push(`message ${message.Seq} ${via}`));
    parlor.on('change', ({ change: { Seq }, via }) => order.push(`change ${Seq} ${via}`));
    world.socket.say(messageFrame(messageIn(LOBBY, 3)));
    world.socket.say(messageFrame(messageIn(LOBBY, 3)));
    world.socket.say({ type: 'messageChange', messageChange: change(4) });
    resume({ recovered: true, seq: 8, changes: [change(6), change(8)] }, messageIn(LOBBY, 5), messageIn(LOBBY, 7));
    world.socket.say({ type: 'messageChange', messageChange: change(8) });
    world.socket.say(messageFrame(messageIn(LOBBY, 9)));
    expect(order).toEqual([
      'message 3 live',
      'change 4 live',
      'message 5 missed',
      'change 6 missed',
      'message 7 missed',
      'change 8 missed',
      'message 9 live',
    ]);
  });

  it('and can not be had in full is one gap, never a part in silence', async () => {
    await signIn();
    await join(2);
    const messages = hear('message');
    const gaps = hear('gap');
    resume({ recovered: false, epoch: 'e2', seq: 9 }, ...messagesIn(LOBBY, 8, 9, 'e2'));
    expect(messages).toEqual([]);
    expect(gaps.map(({ room, joined }) => [room, joined.messages.length])).toEqual([[LOBBY, 2]]);
  });

  it('is told to all who listen, though one of them throws', async () => {
    await signIn();
    await join();
    const uncaught: unknown[] = [];
    const onError = (error: unknown): void => {
      uncaught.push(error);
    };
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', onError);
    try {
      parlor.on('message', () => {
        throw new Error('mine');
      });
      const heard = hear('message');
      const stop = parlor.on('message', () => uncaught.push('not any more'));
      stop();
      world.socket.say(messageFrame(messageIn(LOBBY, 1)));
      expect(heard).toHaveLength(1);
      await new Promise((done) => setImmediate(done));
      expect(uncaught).toEqual([new Error('mine')]);
    } finally {
      process.removeListener('uncaughtException', onError);
      for (const other of others) process.on('uncaughtException', other);
    }
  });
});

describe('people', () => {
  it('come, go and are counted', async () => {
    await signIn();
    await join();
    const names = (): string[] | undefined => parlor.people(LOBBY)?.users.map(({ Username }) => Username);
    expect([names(), parlor.people(LOBBY)?.total]).toEqual([['Me', 'Ann'], 2]);
    const bo = { UUID: 'bo-uuid', Username: 'Bo' };
    world.socket.say({ type: 'sys', user: bo, sys: { type: 'channelJoin', channelJoin: { ...refOf(LOBBY) } } });
    expect([names(), parlor.people(LOBBY)?.total]).toEqual([['Me', 'Ann', 'Bo'], 3]);
    world.socket.say({ type: 'channelLeave', userUUID: ANN.UUID, channelLeave: { ...refOf(LOBBY), usersTotal: 2 } });
    expect([names(), parlor.people(LOBBY)?.total]).toEqual([['Me', 'Bo'], 2]);
    const away = { ...refOf(LOBBY), userUUID: bo.UUID, username: 'Bo', onLine: false, usersTotal: 1 };
    world.socket.say({ type: 'sys', sys: { type: 'presence', presence: away } });
    expect([names(), parlor.people(LOBBY)?.total]).toEqual([['Me'], 1]);
    // Large rooms name nobody.
    world.socket.say({ type: 'sys', sys: { type: 'presence', presence: { ...refOf(LOBBY), usersTotal: 400 } } });
    expect([names(), parlor.people(LOBBY)?.total]).toEqual([['Me'], 400]);
    parlor.leave(LOBBY);
    expect(parlor.people(LOBBY)).toBeNull();
  });
});

describe('rooms and photos', () => {
  it('a room that can not be joined rejects', async () => {
    await signIn();
    const refused = errorOf(parlor.join(LOBBY));
    world.socket.say(errorFrame(world.socket.last('channelJoin').id, 'banned', { until: '2026-12-01T00:00:00Z' }));
    expect((await refused).body.until).toBe('2026-12-01T00:00:00Z');
    const frame = { ...refOf(LOBBY), why: 'kicked' };
    await join();
    const removed = hear('removed');
    world.socket.say({ type: 'sys', sys: { type: 'removed', removed: frame } });
    expect(removed.map(({ room }) => room)).toEqual([keyOf(frame)]);
    expect(parlor.people(LOBBY)).toBeNull();
  });

  it('a photo goes up with its progress, or is given up', async () => {
    await signIn();
    const shares: number[] = [];
    const uploaded = parlor.upload(LOBBY, new Blob(['x']), { onProgress: (share) => shares.push(share) });
    expect(http.last).toMatchObject({ path: '/api/photos?room=lobby', authorization: `Bearer ${ME}.key-of-${ME}` });
    http.last.progress(0.5);
    http.last.answer({ status: 201, body: { id: 'p1', width: 3, height: 2, url: '/photos/p1/full' } });
    const photo = await uploaded;
    expect([photo.Id, shares]).toEqual(['p1', [0.5]]);
    expect(await parlor.photoLinks(photo)).toEqual({ url: 'http://gateway/photos/p1/full', thumbnailUrl: 'http://gateway/photos/p1/full' });
    const control = new AbortController();
    const aborted = parlor.upload(LOBBY, new Blob(['x']), { signal: control.signal });
    control.abort(new Error('given up'));
    await expect(aborted).rejects.toThrow('given up');
  });
});

it('an address that is none, or a place without sockets, is told at once', () => {
  expect(() => new Parlor({ url: 'ws://gateway', WebSocket: Object })).toThrow(/http/u);
  expect(() => new Parlor({ url: 'gateway', WebSocket: Object })).toThrow(TypeError);
  if (!('WebSocket' in globalThis)) expect(() => new Parlor({ url: 'http://gateway' })).toThrow(/WebSocket/u);
});
