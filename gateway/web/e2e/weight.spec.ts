/** What a first visit costs, and under which rules a real gateway serves the page. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@playwright/test';
import { ChatPage, watch } from './support/page.ts';
import { DESKTOP, signIn, theatre } from './support/stage.ts';
import { DIST, POLICY } from './support/static.ts';
import { startSystem, type System } from './support/system.ts';

/** All that is loaded until somebody can write, as `gzip -9` makes it. */
const MOST_BYTES = 120 * 1024;
/** The document, its icon and theme, styles, and the scripts that are needed at once. */
const MOST_REQUESTS = 12;

const { open } = theatre();

test('a first visit loads little', async ({ browser }) => {
  const stage = await open(browser, DESKTOP);
  const { page } = stage;
  const asked = new Set<string>();
  page.on('request', (request) => asked.add(new URL(request.url()).pathname));
  // From the beginning, now that somebody listens.
  await page.reload();
  await signIn(stage);
  await page.waitForLoadState('networkidle');
  const sizes = [...asked].map((path) => gzipSync(readFileSync(join(DIST, path === '/' ? 'index.html' : path)), { level: 9 }).length);
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  console.log(`first visit: ${asked.size} requests, ${(total / 1024).toFixed(1)} KiB compressed`);
  expect(asked.has('/')).toBe(true);
  expect(total).toBeLessThanOrEqual(MOST_BYTES);
  expect(asked.size).toBeLessThanOrEqual(MOST_REQUESTS);
  expect([...asked].filter((path) => /Dialog|Switcher|Lightbox|Browser/u.test(path))).toEqual([]);
  await stage.close();
});

test.describe('a gateway with the page built in', () => {
  let system: System;

  test.beforeAll(async () => {
    system = await startSystem({ CLIENT_LOCATION: null });
  });

  test.afterAll(async () => {
    await system.stop();
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

function directivesOf(policy: string): Map<string, string[]> {
  return new Map(
    policy.split(';').map((directive) => {
      const [name = '', ...sources] = directive.trim().split(/\s+/u);
      return [name, sources] as const;
    }),
  );
}
