/** Two people in two browsers, each on a gateway of their own: the whole system, through the page. */

import { expect, test, type Browser } from '@playwright/test';
import { ChatPage, isConnectionNoise, watch } from './page.ts';
import { startSystem, type System } from './system.ts';

export const ANN = 'Ann Lindqvist';
export const BEN = 'Ben Okafor';

export interface Company {
  readonly system: System;
  /** On the first gateway, not signed in. */
  readonly ann: ChatPage;
  /** On the second. */
  readonly ben: ChatPage;
}

interface Terms {
  /** The gateways', as `startSystem` takes them. */
  readonly settings?: Record<string, string | null>;
  /** What a console may tell beside lost connections. */
  readonly isExpected?: (told: string) => boolean;
}

type Open = (browser: Browser, url: string) => Promise<ChatPage>;

/**
 * For a test file, whose tests follow one another: starts a system, of which `begin` is told, and ends it. Each
 * test fails on what a console tells that is not expected. Returns how another page is opened.
 */
export function company(begin: (company: Company) => void, { settings = {}, isExpected = () => false }: Terms = {}): Open {
  const problems: string[] = [];
  let system: System | null = null;

  test.describe.configure({ mode: 'serial' });

  const open: Open = async (browser, url) => {
    const context = await browser.newContext();
    watch(context, problems, (told) => isConnectionNoise(told) || isExpected(told));
    const page = await context.newPage();
    await page.goto(url);
    return new ChatPage(page);
  };

  test.beforeAll(async ({ browser }) => {
    system = await startSystem(settings);
    const [first, second] = system.gateways;
    begin({ system, ann: await open(browser, first.url), ben: await open(browser, second.url) });
  });

  test.afterAll(async ({ browser }) => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    await system?.stop();
  });

  test.afterEach(() => {
    expect(problems.splice(0)).toEqual([]);
  });

  return open;
}
