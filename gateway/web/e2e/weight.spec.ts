/** What a first visit costs, and under which rules a real gateway serves the page. */

import { expect, test } from '@playwright/test';
import { ChatPage, watch } from './support/page.ts';
import { POLICY } from './support/static.ts';
import { startSystem, type System } from './support/system.ts';
import { bytesOf, Wire, type Transfer } from './support/wire.ts';

/** All that is loaded until somebody can write, headers too. */
const MOST_BYTES = 120 * 1024;
/** The document, its icon and theme, styles, and the scripts that are needed at once. */
const MOST_REQUESTS = 12;
const MOST_BYTES_AGAIN = 4 * 1024;
/** Of these a second visit asks whether they are still the same; Chromium asks for an icon more than once. */
const ASKED_AGAIN = ['/', '/favicon.svg', '/theme.js'];
const DIALOGS = /Dialog|Switcher|Lightbox|Browser/u;

test.describe('a gateway with the page built in', () => {
  let system: System;

  test.beforeAll(async () => {
    system = await startSystem({ CLIENT_LOCATION: null });
  });

  test.afterAll(async () => {
    await system.stop();
  });

  test('is visited for little, and visited again for nearly nothing', async ({ browser }) => {
    const { url } = system.gateways[0];
    const context = await browser.newContext();
    const page = await context.newPage();
    const wire = await Wire.of(page);
    const chat = new ChatPage(page);

    await page.goto(url);
    await chat.signUp('Ada Moreau');
    await page.waitForLoadState('networkidle');
    const first = wire.take();
    report('first visit', first);
    expect(first.filter(({ url: { pathname } }) => pathname === '/')).toHaveLength(1);
    expect(bytesOf(first)).toBeLessThanOrEqual(MOST_BYTES);
    expect(first.length).toBeLessThanOrEqual(MOST_REQUESTS);
    expect(first.filter(({ url: { pathname } }) => DIALOGS.test(pathname))).toEqual([]);
    for (const { url: { origin, pathname }, status, headers } of first) {
      expect(origin).toBe(url);
      expect([pathname, status, headers['content-encoding'], headers['vary']]).toEqual([pathname, 200, 'br', 'accept-encoding']);
    }

    await page.goto('about:blank');
    await page.goto(url);
    await chat.ready();
    await page.waitForLoadState('networkidle');
    const second = wire.take();
    report('second visit', second);
    expect(bytesOf(second)).toBeLessThanOrEqual(MOST_BYTES_AGAIN);
    const asked = new Set(second.filter(({ bytes }) => bytes > 0).map(({ url: { pathname } }) => pathname));
    expect([...asked].filter((path) => !ASKED_AGAIN.includes(path))).toEqual([]);

    await page.getByTestId('browse-rooms').click();
    await expect(page.getByTestId('room-search')).toBeVisible();
    await page.waitForLoadState('networkidle');
    const dialog = wire.take();
    report('first dialog', dialog);
    expect(dialog.some(({ url: { pathname } }) => DIALOGS.test(pathname))).toBe(true);
    await wire.stop();
    await context.close();
  });

  test('answers in the form that is asked for', async () => {
    const [{ url }] = system.gateways;
    const script = /src="(\/assets\/[^"]+)"/u.exec(await (await fetch(url)).text())?.[1] ?? '';
    const texts = new Set<string>();
    const tags = new Set<string | null>();
    const sizes: number[] = [];
    for (const [accepted, encoding] of [['br', 'br'], ['gzip, br;q=0.5', 'gzip'], ['identity', null]] as const) {
      const head = await fetch(url + script, { method: 'HEAD', headers: { 'accept-encoding': accepted } });
      const answer = await fetch(url + script, { headers: { 'accept-encoding': accepted } });
      expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, encoding]);
      expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
      expect(head.headers.get('etag')).toBe(answer.headers.get('etag'));
      // As it is read, all forms are one text.
      texts.add(await answer.text());
      tags.add(answer.headers.get('etag'));
      sizes.push(Number(head.headers.get('content-length')));
    }
    expect(texts.size).toBe(1);
    expect(tags.size).toBe(3);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    expect((await fetch(`${url}${script}.br`)).status).toBe(404);
  });

  test('says how long each file may be kept', async () => {
    const [{ url }] = system.gateways;
    const page = await fetch(url);
    expect(page.status).toBe(200);
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const tag = page.headers.get('etag') ?? '';
    expect(tag).not.toBe('');
    const again = await fetch(url, { headers: { 'if-none-match': tag } });
    expect(again.status).toBe(304);

    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/gu)].map((match) => match[1] ?? '');
    const assets = files.filter((file) => file.startsWith('/assets/'));
    expect(assets.length).toBeGreaterThan(1);
    for (const file of files) {
      const answer = await fetch(url + file);
      expect([file, answer.status]).toEqual([file, 200]);
      // Only a name that changes with the content may be kept for good.
      const isFingerprinted = /^\/assets\/.+-[\w-]{8}\.(?:js|css)$/u.test(file);
      expect(isFingerprinted).toBe(assets.includes(file));
      expect(answer.headers.get('cache-control')).toBe(isFingerprinted ? 'public, max-age=31536000, immutable' : 'no-cache');
    }
    expect((await fetch(`${url}/assets/gone-00000000.js`)).status).toBe(404);
  });

  test('keeps the page to a strict policy', async () => {
    const { headers } = await fetch(system.gateways[0].url);
    const policy = directivesOf(headers.get('content-security-policy') ?? '');
    expect(policy.get('default-src')).toEqual(["'none'"]);
    expect([...policy.values()].flat().filter((source) => /unsafe|^\*$|^https?:/u.test(source))).toEqual([]);
    expect(policy.get('script-src')).toEqual(["'self'"]);
    expect(policy.get('style-src')).toEqual(["'self'"]);
    expect(policy.get('frame-ancestors')).toEqual(["'none'"]);
    // What the other tests' page may do, it may do here.
    for (const [directive, sources] of directivesOf(POLICY)) expect(policy.get(directive)).toEqual(expect.arrayContaining(sources));
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });

  test('runs under it, with nobody else asked for anything', async ({ browser }) => {
    const problems: string[] = [];
    const context = await browser.newContext();
    watch(context, problems);
    const page = await context.newPage();
    await page.goto(system.gateways[0].url);
    const chat = new ChatPage(page);
    await chat.signUp('Ann Lindqvist');
    await chat.say('Hello');
    await chat.sees('Hello', 'Ann Lindqvist');
    await page.getByTestId('browse-rooms').click();
    await expect(page.getByTestId('room-search')).toBeVisible();
    await context.close();
    expect(problems).toEqual([]);
  });
});

function report(what: string, transfers: readonly Transfer[]): void {
  const moved = transfers.filter(({ bytes }) => bytes > 0);
  console.log(`${what}: ${moved.length} requests, ${(bytesOf(moved) / 1024).toFixed(1)} KiB over the wire`);
  for (const { url, status, bytes } of moved) console.log(`  ${status} ${url.pathname} ${bytes}`);
}

function directivesOf(policy: string): Map<string, string[]> {
  return new Map(
    policy.split(';').map((directive) => {
      const [name = '', ...sources] = directive.trim().split(/\s+/u);
      return [name, sources] as const;
    }),
  );
}
