import { beforeEach, describe, expect, it } from 'vitest';
import { GENERAL, namedRoom, privateRoom } from '../protocol/index.ts';
import { Photos } from './photos.ts';
import { FakeClock, FakeHttp } from './testing/fakes.ts';

const SESSION = { userUUID: 'me', accessKey: 'key', username: 'Me', guest: false };
const IN_A_MINUTE_MS = 60_000;

let clock: FakeClock;
let http: FakeHttp;
let photos: Photos;

beforeEach(() => {
  clock = new FakeClock();
  http = new FakeHttp();
  photos = new Photos(http, clock, () => SESSION);
});

describe('an upload', () => {
  const file = new Blob(['pixels'], { type: 'image/png' });

  it('names the room and the user, and gives the photo back', async () => {
    const shares: number[] = [];
    const { result } = photos.upload(namedRoom('a & b'), file, (share) => shares.push(share));
    expect(http.last).toMatchObject({ path: '/api/photos?room=a+%26+b', authorization: 'Bearer me.key', body: file });
    http.last.progress(0.5);
    http.last.answer({ status: 201, body: { id: 'p1', width: 4, height: 3, bytes: 9, url: '/u', thumbnailUrl: '/t' } });
    expect(await result).toEqual({
      ok: true,
      value: { Id: 'p1', Width: 4, Height: 3, Bytes: 9, Url: '/u', ThumbnailUrl: '/t' },
    });
    expect(shares).toEqual([0.5]);
    void photos.upload(privateRoom('ann'), file, () => undefined);
    expect(http.last.path).toBe('/api/photos?recipientUUID=ann');
    void photos.upload(GENERAL, file, () => undefined);
    expect(http.last.path).toBe('/api/photos?recipientUUID=');
  });

  it('that fails tells why in the server’s words, or that nobody answered', async () => {
    const first = photos.upload(GENERAL, file, () => undefined);
    http.last.answer({ status: 413, body: { code: 41, reason: 'tooLarge', error: 'at most 10 MiB' } });
    expect(await first.result).toMatchObject({ ok: false, error: { code: 41, reason: 'tooLarge', error: 'at most 10 MiB' } });
    const second = photos.upload(GENERAL, file, () => undefined);
    second.abort();
    expect(await second.result).toMatchObject({ ok: false, error: { reason: 'disconnected', retryable: true } });
    const third = photos.upload(GENERAL, file, () => undefined);
    http.last.answer({ status: 502, body: null });
    expect(await third.result).toMatchObject({ ok: false, error: { retryable: true } });
  });
});

describe('the links of a private photo', () => {
  const answer = (n: number): void => {
    http.last.answer({
      status: 200,
      body: { url: `/full${n}`, thumbnailUrl: `/thumb${n}`, expiresAt: new Date(clock.now() + 5 * IN_A_MINUTE_MS).toISOString() },
    });
  };

  it('are asked for once while they hold, and again before they end', async () => {
    expect(photos.known('p1')).toBeNull();
    const [first, second] = [photos.links('p1'), photos.links('p1')];
    expect(http.requests).toHaveLength(1);
    expect(http.last).toMatchObject({ path: '/api/photos/p1/links', authorization: 'Bearer me.key' });
    answer(1);
    expect(await first).toMatchObject({ ok: true, value: { url: '/full1', thumbnailUrl: '/thumb1' } });
    await second;
    clock.advance(4 * IN_A_MINUTE_MS);
    expect(photos.known('p1')?.url).toBe('/full1');
    clock.advance(IN_A_MINUTE_MS);
    expect(photos.known('p1')).toBeNull();
    const renewed = photos.links('p1');
    answer(2);
    expect(await renewed).toMatchObject({ value: { url: '/full2' } });
  });

  it('are asked for anew when they turned out not to hold, and forgotten with the user', async () => {
    const first = photos.links('p1');
    answer(1);
    await first;
    const anew = photos.links('p1', true);
    expect(http.requests).toHaveLength(2);
    answer(2);
    expect(await anew).toMatchObject({ value: { url: '/full2' } });
    photos.forget();
    expect(photos.known('p1')).toBeNull();
  });

  it('that are refused can be asked for again', async () => {
    const first = photos.links('p1');
    http.last.answer({ status: 403, body: { code: 32, reason: 'forbidden', error: 'not your room' } });
    expect(await first).toMatchObject({ ok: false, error: { error: 'not your room' } });
    void photos.links('p1');
    expect(http.requests).toHaveLength(2);
  });
});
