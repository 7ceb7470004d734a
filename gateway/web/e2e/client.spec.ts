/** `@parlor/client` against two real gateways, one of which is killed and drained. No browser. */

import { execFile } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@playwright/test';
import { GENERAL, namedRoom, Parlor, ParlorError, privateRoom, type Ack, type ParlorEvents, type RoomKey } from '@parlor/client';
import { WebSocket } from 'ws';
import { balance, type Balancer } from './support/balancer.ts';
import { pngOf } from './support/png.ts';
import { startSystem, type System } from './support/system.ts';

const WEB = join(import.meta.dirname, '..');
const PACKAGE = join(WEB, 'src/client');
const run = promisify(execFile);
const SECRET = 'a secret of this test, and of nothing else';
const PASSWORD = 'correct horse battery';
/** While a gateway is killed, or drained. */
const MESSAGES = 60;
/** Each test takes a second or two; a promise that never settles shall not take the whole time. */
const TIMEOUT_MS = 60_000;

test.describe.configure({ timeout: TIMEOUT_MS });

let system: System;
/** Prefers the first gateway, and takes the second where that is away. */
let balancer: Balancer;
/** The balancer has nobody to offer. */
let isCutOff = false;
let users: Parlor[] = [];

test.beforeAll(async () => {
  system = await startSystem({
    CLIENT_LOCATION: null,
    MESSAGE_RATE: 'off',
    FRAME_RATE: 'off',
    JWT_SECRET: SECRET,
  });
  balancer = await balance(() => (isCutOff ? [] : system.gateways.map(({ url }) => url)));
});

test.afterEach(() => {
  for (const user of users) user.disconnect();
  users = [];
});

test.afterAll(async () => {
  await balancer.stop();
  await system.stop();
});

function parlor(url: string): Parlor {
  const user = new Parlor({ url, WebSocket });
  users.push(user);
  return user;
}

/** A guest with a name that nobody else has; `gateway` 0 is the first, by the balancer. */
async function guest(gateway: 0 | 1): Promise<{ user: Parlor; uuid: string; ears: Ears }> {
  const user = parlor(gateway === 0 ? balancer.url : system.gateways[1].url);
  const ears = new Ears(user);
  const { userUUID } = await user.signIn({ nickname: `guest ${randomUUID().slice(0, 8)}` });
  return { user, uuid: userUUID, ears };
}

/** All that a user hears. */
class Ears {
  readonly #heard: { [K in keyof ParlorEvents]?: ParlorEvents[K][] } = {};
  readonly #user: Parlor;

  constructor(user: Parlor) {
    this.#user = user;
    for (const name of ['status', 'message', 'change', 'gap', 'people', 'typing', 'read', 'mention', 'privateMessage', 'signedIn', 'signedOut'] as const) {
      this.#keep(name);
    }
  }

  #keep(name: keyof ParlorEvents): void {
    this.#user.on(name, (event) => {
      this.of(name).push(event);
    });
  }

  of<K extends keyof ParlorEvents>(name: K): ParlorEvents[K][] {
    const heard: ParlorEvents[K][] = this.#heard[name] ?? [];
    Object.assign(this.#heard, { [name]: heard });
    return heard;
  }

  texts(room: RoomKey): string[] {
    return this.of('message').flatMap((event) => (event.room === room ? [event.message.Message] : []));
  }
}

async function reasonOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => null, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(ParlorError);
  return (error as ParlorError).reason;
}

function jwt(claims: Record<string, unknown>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ exp: Math.floor(Date.now() / 1000) + 600, ...claims })}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}

test('signs in by each kind of proof', async () => {
  const { url } = balancer;
  const ada = parlor(url);
  const { userUUID, accessKey, guest: isGuest } = await ada.signUp({ username: 'Adelaide', password: PASSWORD });
  expect([isGuest, ada.status.name, ada.session?.username]).toEqual([false, 'ready', 'Adelaide']);
  expect(ada.server?.messageCharacters).toBeGreaterThan(0);
  expect(await reasonOf(parlor(url).signUp({ username: 'Adelaide', password: PASSWORD }))).toBe('nameTaken');

  const again = parlor(url);
  expect(await reasonOf(again.signIn({ username: 'Adelaide', password: 'wrong' }))).toBe('signInRefused');
  expect(again.status.name).toBe('open');
  expect((await again.signIn({ username: 'Adelaide', password: PASSWORD })).userUUID).toBe(userUUID);

  expect((await parlor(url).signIn({ userUUID, accessKey })).username).toBe('Adelaide');
  expect(await reasonOf(parlor(url).signIn({ userUUID, accessKey: 'x'.repeat(accessKey.length) }))).toBe('sessionExpired');
  expect((await parlor(url).signIn({ nickname: 'Visitor' })).guest).toBe(true);

  const bea = parlor(url);
  const ears = new Ears(bea);
  const session = await bea.signIn({ token: jwt({ sub: 'bea', name: 'Bea' }) });
  expect(session.username).toBe('Bea');
  await bea.join(GENERAL);
  // A fresh token leaves everything as it is.
  expect((await bea.signIn({ token: jwt({ sub: 'bea', name: 'Bea' }) })).userUUID).toBe(session.userUUID);
  await bea.send(GENERAL, 'Still here');
  await expect.poll(() => ears.texts(GENERAL)).toEqual(['Still here']);
  expect(await reasonOf(parlor(url).signIn({ token: jwt({ sub: 'bea', exp: 1 }) }))).toBe('sessionExpired');

  ada.signOut();
  expect(ada.session).toBeNull();
  await expect.poll(() => ada.status.name).toBe('open');
  expect(await reasonOf(parlor(url).signIn({ userUUID, accessKey }))).toBe('sessionExpired');
});

test('says, hears and reads what was said', async () => {
  const room = namedRoom('history');
  const [ann, ben] = await Promise.all([guest(0), guest(1)]);
  expect(await reasonOf(ann.user.history(room))).toBe('notJoined');
  // What is said too early waits for its room.
  const early = ann.user.send(room, 'said before joining');
  const joined = await ann.user.join(room);
  expect(joined.messages).toEqual([]);
  expect((await early).Seq).toBe(1);
  await ben.user.join(room);
  for (let number = 1; number <= 5; number += 1) await ann.user.send(room, `number ${number}`);
  const five = [1, 2, 3, 4, 5].map((number) => `number ${number}`);
  await expect.poll(() => ben.ears.texts(room)).toEqual(five);
  await expect.poll(() => ann.ears.texts(room)).toEqual(['said before joining', ...five]);
  expect(ann.user.unsent).toEqual([]);

  const latest = await ben.user.history(room, { limit: 2 });
  expect([latest.messages.map(({ Message: text }) => text), latest.more]).toEqual([['number 4', 'number 5'], true]);
  const before = await ben.user.history(room, { before: latest.messages[0]?.Seq ?? 0 });
  expect([before.messages.map(({ Message: text }) => text), before.more]).toEqual([['said before joining', ...five.slice(0, 3)], false]);

  await ben.user.markRead(room, 4);
  const unread = (await ben.user.unread()).rooms.find((it) => it.room === 'history');
  expect([unread?.read, unread?.unread]).toEqual([4, 2]);
  // Refused by the server; refused before it would end the connection.
  expect(await reasonOf(ann.user.send(room, 'x'.repeat(5_000)))).toBe('messageRefused');
  expect(await reasonOf(ann.user.send(room, 'x'.repeat(100_000)))).toBe('messageRefused');
  expect(ann.user.status.name).toBe('ready');
  expect(ann.user.unsent).toEqual([]);
  expect((await ann.user.rooms()).rooms.map((it) => it.room)).toContain('history');
});

test('changes what was said', async () => {
  const room = namedRoom('changes');
  const [ann, ben] = await Promise.all([guest(0), guest(1)]);
  // Whoever is first owns the room, and may delete what others say.
  await ann.user.join(room);
  await ben.user.join(room);
  await ann.user.send(room, 'Hallo');
  await expect.poll(() => ben.ears.texts(room)).toEqual(['Hallo']);
  const [{ message }] = ben.ears.of('message') as [ParlorEvents['message']];

  await ann.user.edit(message, 'Hello');
  expect((await ben.user.react(message, '👍')).reactions).toEqual(['👍']);
  const tally = (): unknown => ann.ears.of('change').at(-1)?.change.reactions?.map(({ Emoji, Count }) => [Emoji, Count]);
  await expect.poll(tally).toEqual([['👍', 1]]);
  expect((await ben.user.unreact(message, '👍')).reactions).toEqual([]);
  await ben.user.send(room, 'Hello yourself', { replyTo: message });
  await expect.poll(() => ann.ears.of('message').at(-1)?.message.ReplyTo?.Message).toBe('Hello');
  expect(await reasonOf(ben.user.delete(message))).toBe('forbidden');
  await ann.user.delete(message);
  await expect.poll(() => ben.ears.of('change').map(({ change }) => change.change)).toContain('delete');
  const kinds = ben.ears.of('change').map(({ change }) => change.change);
  expect([kinds[0], kinds.at(-1)]).toEqual(['edit', 'delete']);
  expect(ben.ears.of('change')[0]?.change.message?.Message).toBe('Hello');
});

test('asks for votes', async () => {
  const room = namedRoom('polls');
  const [ann, ben] = await Promise.all([guest(0), guest(1)]);
  await Promise.all([ann.user.join(room), ben.user.join(room)]);
  await ann.user.poll(room, 'Tea or coffee?', ['Tea', 'Coffee', 'Water'], { multiple: true });
  await expect.poll(() => ben.ears.of('message')).toHaveLength(1);
  const [{ message }] = ben.ears.of('message') as [ParlorEvents['message']];
  expect(message.Poll?.Options).toEqual(['Tea', 'Coffee', 'Water']);
  expect((await ben.user.vote(message, [0, 2])).vote).toEqual([0, 2]);
  expect((await ann.user.vote(message, [0])).vote).toEqual([0]);
  const results = (): unknown => ben.ears.of('change').at(-1)?.change.results;
  await expect.poll(results).toMatchObject({ Counts: [2, 0, 1], Voters: 2, Closed: false });
  await ann.user.closePoll(message);
  await expect.poll(results).toMatchObject({ Closed: true });
  expect(await reasonOf(ben.user.vote(message, [1]))).toBe('tooLate');
});

test('knows who is there, who writes, and who wants something', async () => {
  const room = namedRoom('people');
  const [ann, ben] = await Promise.all([guest(0), guest(1)]);
  expect(ann.user.people(room)).toBeNull();
  await ann.user.join(room);
  await ben.user.join(room);
  const there = (): string[] | undefined => ann.user.people(room)?.users.map(({ UUID }) => UUID).sort();
  await expect.poll(there).toEqual([ann.uuid, ben.uuid].sort());
  expect(ann.user.people(room)?.total).toBe(2);

  ben.user.typing(room);
  await expect.poll(() => ann.ears.of('typing').at(-1)).toMatchObject({ room, userUUID: ben.uuid, state: 'writing' });
  ben.user.stopTyping(room);
  await expect.poll(() => ann.ears.of('typing').at(-1)?.state).toBe('stopped');

  const name = ann.user.session?.username ?? '';
  await ben.user.send(room, `@${name} look at this`);
  await expect.poll(() => ann.ears.of('mention').map((event) => event.room)).toEqual([room]);

  const privately = privateRoom(ann.uuid);
  await ben.user.join(privately);
  await ben.user.send(privately, 'Between us');
  await expect.poll(() => ann.ears.of('privateMessage').map((event) => event.room)).toEqual([privateRoom(ben.uuid)]);
  const { messages } = await ann.user.join(privateRoom(ben.uuid));
  expect(messages.map(({ Message: text }) => text)).toEqual(['Between us']);
  expect((await ann.user.privateRooms()).rooms.map(({ recipientUUID }) => recipientUUID)).toEqual([ben.uuid]);

  // Gone without a word, and missed after a while.
  ben.user.disconnect();
  await expect.poll(there).toEqual([ann.uuid]);
  ben.user.connect();
  await expect.poll(there).toEqual([ann.uuid, ben.uuid].sort());
  ben.user.leave(room);
  await expect.poll(() => ann.user.people(room)?.total).toBe(1);
});

test('shows photos', async () => {
  const [ann, ben] = await Promise.all([guest(0), guest(1)]);
  const room = privateRoom(ben.uuid);
  await ann.user.join(room);
  await ben.user.join(privateRoom(ann.uuid));
  const shares: number[] = [];
  const file = new Blob([new Uint8Array(pngOf(640, 400))], { type: 'image/png' });
  const photo = await ann.user.upload(room, file, { onProgress: (share) => shares.push(share) });
  expect([photo.Width, photo.Height]).toEqual([640, 400]);
  expect([shares[0], shares.at(-1)]).toEqual([0, 1]);
  await ann.user.send(room, 'The view', { photo });
  await expect.poll(() => ben.ears.of('message').at(-1)?.message.Photo?.Id).toBe(photo.Id);
  const links = await ben.user.photoLinks(photo);
  for (const link of [links.url, links.thumbnailUrl]) {
    const picture = await fetch(link);
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, expect.stringMatching(/^image\//u)]);
  }
  expect(await reasonOf(ann.user.upload(room, new Blob(['no picture'])))).toBe('photoRefused');
  const aborting = AbortSignal.abort(new Error('given up'));
  await expect(ann.user.upload(room, file, { signal: aborting })).rejects.toThrow('given up');
});

/** Both say as much before as after `harm` is done to the first gateway; it gets the promises of what Ben said. */
async function withstand(room: RoomKey, harm: (said: Promise<Ack>[]) => Promise<void>): Promise<{ ann: Ears; ben: Ears }> {
  const [ann, ben] = await Promise.all([guest(0), guest(1)]);
  await Promise.all([ann.user.join(room), ben.user.join(room)]);
  const said = (who: string): string[] => Array.from({ length: MESSAGES }, (_, index) => `${who} ${index}`);
  const acks: Promise<Ack>[] = [];
  const bens: Promise<Ack>[] = [];
  for (let index = 0; index < MESSAGES; index += 1) {
    acks.push(ann.user.send(room, `ann ${index}`));
    bens.push(ben.user.send(room, `ben ${index}`));
    // In its midst: some are stored and not acknowledged, some on their way, some not written yet.
    if (index === MESSAGES / 2) {
      await Promise.all(acks.slice(0, MESSAGES / 4));
      await harm(bens);
    }
  }
  const places = (await Promise.all([...acks, ...bens])).map(({ Seq }) => Seq);
  expect(new Set(places).size).toBe(2 * MESSAGES);

  for (const { ears } of [ann, ben]) {
    await expect.poll(() => ears.texts(room).length, { timeout: 30_000 }).toBe(2 * MESSAGES);
    for (const who of ['ann', 'ben']) {
      expect(ears.texts(room).filter((text) => text.startsWith(who))).toEqual(said(who));
    }
    expect(ears.of('gap')).toEqual([]);
    const order = ears.of('message').map(({ message }) => message.Seq);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  }
  const { messages } = await ben.user.history(room, { limit: 100 });
  expect(messages.map(({ Message: text }) => text)).toEqual(ben.ears.texts(room).slice(-messages.length));
  return { ann: ann.ears, ben: ben.ears };
}

test('loses and doubles nothing when its gateway is killed', async () => {
  const { ann, ben } = await withstand(namedRoom('killed'), async (said) => {
    isCutOff = true;
    await system.gateways[0].kill();
    // Something was said while Ann was away.
    await Promise.all(said);
    isCutOff = false;
  });
  expect(ann.of('signedIn').map(({ how }) => how)).toEqual(['fresh', 'resumed']);
  expect(ann.of('status').map(({ name }) => name)).toContain('waiting');
  expect(ann.of('message').some(({ via }) => via === 'missed')).toBe(true);
  expect(ben.of('message').every(({ via }) => via === 'live')).toBe(true);
  await system.gateways[0].start();
});

test('comes back when a draining gateway says so', async () => {
  const times: { name: string; at: number; retryAt: number }[] = [];
  const { ann } = await withstand(namedRoom('drained'), async () => {
    const [first] = users;
    first?.on('status', (status) => times.push({ name: status.name, at: Date.now(), retryAt: 'retryAt' in status ? status.retryAt : 0 }));
    await system.gateways[0].terminate();
  });
  expect(ann.of('signedIn').map(({ how }) => how)).toEqual(['fresh', 'resumed']);
  const [draining, connecting] = times;
  expect([draining?.name, connecting?.name]).toEqual(['draining', 'connecting']);
  // Not before it was asked to; timers may be a few ms early by the wall clock.
  expect(connecting?.at).toBeGreaterThanOrEqual((draining?.retryAt ?? Infinity) - 5);
  await system.gateways[0].start();
});

test('is a package whose quick start works when it is copied', async () => {
  // It compiles the package, and its user.
  test.setTimeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), 'parlor-client-'));
  try {
    // As somebody installs it.
    const installed = join(folder, 'node_modules/@parlor/client');
    mkdirSync(installed, { recursive: true });
    const { stdout: packed } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: PACKAGE });
    const archive = packed.trim().split('\n').at(-1) ?? '';
    await run('tar', ['-xzf', join(folder, archive), '--strip-components=1', '-C', installed]);

    const [, example = ''] = /```js\n(.+?)```/su.exec(readFileSync(join(PACKAGE, 'README.md'), 'utf8')) ?? [];
    writeFileSync(join(folder, 'hello.mjs'), example);
    const [major = 0] = process.versions.node.split('.').map(Number);
    const flags = major < 22 ? ['--experimental-websocket'] : [];
    const env = { PATH: process.env['PATH'] ?? '', PARLOR_URL: balancer.url };
    // It ends by itself, and can be run again.
    for (let time = 1; time <= 2; time += 1) {
      const { stdout } = await run('node', [...flags, 'hello.mjs'], { cwd: folder, env, timeout: 60_000 });
      const lines = stdout.trim().split('\n');
      expect(lines.filter((line) => line.startsWith('now '))).toEqual(['now connecting', 'now authenticating', 'now ready', 'now idle']);
      const read = expect.stringMatching(/^Ada is in General with \d+ others; \d+ messages to read$/u) as unknown;
      expect(lines).toEqual(expect.arrayContaining([read, expect.stringMatching(/^stored as number \d+$/u)]));
    }

    // Its types hold where this project's settings do not.
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(
      join(folder, 'typed.ts'),
      `import { Parlor, type ParlorEvents } from '@parlor/client';
       import { decodeServerFrame } from '@parlor/client/protocol';
       const parlor = new Parlor({ url: 'http://localhost' });
       const stop: () => void = parlor.on('message', ({ room, message }) => { console.log(room.length, message.Seq + 1); });
       // @ts-expect-error: there is no such event
       parlor.on('massage', stop);
       // @ts-expect-error: no room is called so
       void parlor.join('lobby');
       export const seq: Promise<number> = parlor.send('room:lobby', 'Hello').then(({ Seq }) => Seq);
       export const read: ParlorEvents['read']['seq'] = Number(decodeServerFrame('{}').ok);`,
    );
    const settings = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2023,dom'];
    await run(join(WEB, 'node_modules/.bin/tsc'), [...settings, 'typed.ts'], { cwd: folder }).catch((error: unknown) => {
      throw new Error((error as { stdout: string }).stdout, { cause: error });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
