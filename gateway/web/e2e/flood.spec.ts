/** A room in which very much is said: the page stays quick, and grows no larger. */

import { expect, test, type Browser, type CDPSession, type Page } from '@playwright/test';
import { sayMuch } from './support/crowd.ts';
import { ChatPage, isConnectionNoise, watch } from './support/page.ts';
import { startSystem, type System } from './support/system.ts';

const RATE_PER_SECOND = 200;
const TYPING_SECONDS = 12;
/** 100,000 take some minutes; fewer show the same. */
const MANY_MESSAGES = Number(process.env['PARLOR_FLOOD_MESSAGES'] ?? 6_000);
/** By then everything has been drawn once, and a room holds as much as it ever does. */
const WARM_UP_MESSAGES = 2_000;

/**
 * From a key to the picture that shows it: what the flood may add to what the same machine takes in
 * a quiet room, so that a busy one is not held against the page. People feel 100 ms. On two cores that
 * also run two gateways, Redis and the workers it is 1 ms and 220 ms.
 */
const MOST_MORE_P50_MS = 100;
const MOST_MORE_P95_MS = 500;
/** A frame this long is seen to stutter; so many more of all frames may be (there 17 %). */
const LONG_FRAME_MS = 50;
const MOST_MORE_LONG_FRAMES = 0.35;
/** What a heap may differ by from one collection to the next, whatever was said. */
const MOST_GROWTH_MIB = 6;
const MOST_NODES = 6_000;

let system: System;
const problems: string[] = [];

test.describe.configure({ mode: 'serial' });

test.beforeAll(async () => {
  system = await startSystem({ MESSAGE_RATE: 'off', FRAME_RATE: 'off' });
});

test.afterAll(async () => {
  await system.stop();
});

test.afterEach(() => {
  expect(problems.splice(0)).toEqual([]);
});

/** Somebody who reads General on the first gateway, while a crowd talks on the second. */
async function open(browser: Browser, name: string): Promise<{ chat: ChatPage; crowd: Page; close: () => Promise<void> }> {
  const context = await browser.newContext();
  watch(context, problems, isConnectionNoise);
  const page = await context.newPage();
  await page.goto(system.gateways[0].url);
  const chat = new ChatPage(page);
  await chat.signUp(name);
  const others = await browser.newContext();
  const crowd = await others.newPage();
  await crowd.goto(`${system.gateways[1].url}/favicon.svg`);
  return {
    chat,
    crowd,
    close: async () => {
      await context.close();
      await others.close();
    },
  };
}

/** Notes how long keys and pictures take, until told to stop. */
async function beginMeasuring(page: Page): Promise<() => Promise<{ keysMs: number[]; framesMs: number[] }>> {
  const measured = await page.evaluateHandle(() => {
    const keysMs: number[] = [];
    const framesMs: number[] = [];
    let last = performance.now();
    let isOn = true;
    const onFrame = (): void => {
      const now = performance.now();
      framesMs.push(now - last);
      last = now;
      if (isOn) requestAnimationFrame(onFrame);
    };
    requestAnimationFrame(onFrame);
    addEventListener(
      'keydown',
      (event) => {
        requestAnimationFrame(() => {
          // The first task behind a frame runs when its picture has been handed on.
          const channel = new MessageChannel();
          channel.port1.onmessage = () => {
            keysMs.push(performance.now() - event.timeStamp);
          };
          channel.port2.postMessage(null);
        });
      },
      { capture: true },
    );
    return {
      stop: () => {
        isOn = false;
        return { keysMs, framesMs };
      },
    };
  });
  return () => measured.evaluate((it) => it.stop());
}

interface Ease {
  readonly keys: number;
  readonly p50: number;
  readonly p95: number;
  readonly most: number;
  readonly frames: number;
  readonly dropped: number;
  /** The share of long frames. */
  readonly long: number;
}

/** How the page feels to somebody who types. */
async function type(page: Page, words: string): Promise<Ease> {
  const field = page.getByTestId('message-input');
  await field.fill('');
  const stop = await beginMeasuring(page);
  await field.pressSequentially(words, { delay: 50 });
  const { keysMs, framesMs } = await stop();
  await expect(field).toHaveValue(words);
  const keys = keysMs.sort((a, b) => a - b);
  const share = (part: number): number => keys[Math.min(keys.length - 1, Math.floor(keys.length * part))] ?? NaN;
  return {
    keys: keys.length,
    p50: share(0.5),
    p95: share(0.95),
    most: keys.at(-1) ?? NaN,
    frames: framesMs.length,
    dropped: framesMs.reduce((sum, ms) => sum + Math.max(0, Math.round(ms / (1_000 / 60)) - 1), 0),
    long: framesMs.filter((ms) => ms > LONG_FRAME_MS).length / framesMs.length,
  };
}

function told({ keys, p50, p95, most, frames, dropped, long }: Ease): string {
  return (
    `a key shows after ${p50.toFixed(0)} ms (p50), ${p95.toFixed(0)} ms (p95), ${most.toFixed(0)} ms (max) of ${keys}; ` +
    `${frames} frames, ${dropped} dropped, ${(long * 100).toFixed(0)} % over ${LONG_FRAME_MS} ms`
  );
}

test('typing stays quick while 200 messages come every second', async ({ browser }) => {
  const { chat, crowd, close } = await open(browser, 'Ann Lindqvist');
  const words = 'What I type shows at once, however much the others say. '.repeat(2);
  const quiet = await type(chat.page, words.slice(0, 60));
  const talk = sayMuch(crowd, { messages: RATE_PER_SECOND * TYPING_SECONDS, perSecond: RATE_PER_SECOND });
  await expect(chat.page.getByTestId('message').nth(20)).toBeVisible();
  const flood = await type(chat.page, words);
  const said = await talk;
  console.log(`quiet: ${told(quiet)}\n${said.perSecond.toFixed(0)} messages/s: ${told(flood)}`);
  expect(said.perSecond).toBeGreaterThan(RATE_PER_SECOND * 0.8);
  expect(flood.keys).toBe(words.length);
  expect(flood.p50 - quiet.p50).toBeLessThan(MOST_MORE_P50_MS);
  expect(flood.p95 - quiet.p95).toBeLessThan(MOST_MORE_P95_MS);
  expect(flood.long - quiet.long).toBeLessThan(MOST_MORE_LONG_FRAMES);
  // All of it came, and its end is in sight.
  await expect(chat.messages(`message ${said.messages} of the crowd`)).toBeInViewport();
  await close();
});

async function weigh(cdp: CDPSession): Promise<{ heapMiB: number; nodes: number }> {
  // What finalizers hold goes with the second collection.
  await cdp.send('HeapProfiler.collectGarbage');
  await cdp.send('HeapProfiler.collectGarbage');
  const { metrics } = await cdp.send('Performance.getMetrics');
  const metric = (name: string): number => metrics.find((it) => it.name === name)?.value ?? NaN;
  return { heapMiB: metric('JSHeapUsedSize') / 1_048_576, nodes: metric('Nodes') };
}

test('memory stays flat however much is said', async ({ browser }) => {
  test.setTimeout(120_000 + MANY_MESSAGES * 10);
  const { chat, crowd, close } = await open(browser, 'Ben Okafor');
  const cdp = await chat.page.context().newCDPSession(chat.page);
  await cdp.send('Performance.enable');

  const warm = await sayMuch(crowd, { messages: WARM_UP_MESSAGES });
  await expect(chat.messages(`message ${warm.messages} of the crowd`)).toBeInViewport();
  const before = await weigh(cdp);
  const said = await sayMuch(crowd, { messages: MANY_MESSAGES });
  await expect(chat.messages(`message ${said.messages} of the crowd`)).toBeInViewport({ timeout: 60_000 });
  const after = await weigh(cdp);
  console.log(
    `after ${WARM_UP_MESSAGES} messages: ${before.heapMiB.toFixed(1)} MiB, ${before.nodes} nodes; after ${MANY_MESSAGES} more ` +
      `(${said.perSecond.toFixed(0)}/s): ${after.heapMiB.toFixed(1)} MiB, ${after.nodes} nodes`,
  );
  expect(after.heapMiB - before.heapMiB).toBeLessThan(MOST_GROWTH_MIB);
  expect(after.nodes).toBeLessThan(MOST_NODES);
  await close();
});
