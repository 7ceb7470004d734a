/** A page before a gateway that the test plays: the same time, the same look, every time. */

import { expect, test, type Browser, type BrowserContextOptions, type Page } from '@playwright/test';
import { servePhotos } from './landscape.ts';
import { ChatPage, isConnectionNoise, watch } from './page.ts';
import { ScriptedGateway } from './scripted.ts';
import { serveDist, type StaticSite } from './static.ts';

export const NOW = new Date('2026-11-21T14:52:00+01:00');
export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
export const NARROW = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };

export interface Stage {
  readonly chat: ChatPage;
  readonly page: Page;
  readonly gateway: ScriptedGateway;
  readonly close: () => Promise<void>;
}

type Open = (browser: Browser, options?: BrowserContextOptions, gateway?: ScriptedGateway) => Promise<Stage>;

export interface Theatre {
  /** A page with its gateway, not signed in. */
  readonly open: Open;
  readonly openSignedIn: Open;
}

export async function signIn({ chat, page, gateway }: Stage): Promise<void> {
  await page.getByTestId('name').fill(gateway.me.Username);
  await page.getByTestId('password').fill('correct horse battery');
  await page.getByTestId('submit').click();
  await chat.ready();
}

/** For a test file: serves the page to its tests, each of which fails on what a console tells that is not expected. */
export function theatre(isExpected: (text: string) => boolean = () => false): Theatre {
  let site: StaticSite | null = null;
  const problems: string[] = [];

  test.beforeAll(async () => {
    site = await serveDist();
  });

  test.afterAll(async () => {
    await site?.stop();
  });

  test.afterEach(() => {
    expect(problems.splice(0)).toEqual([]);
  });

  const open: Open = async (browser, options = DESKTOP, gateway = new ScriptedGateway()) => {
    const context = await browser.newContext({ ...options, reducedMotion: 'reduce' });
    watch(context, problems, (text) => isConnectionNoise(text) || isExpected(text));
    const page = await context.newPage();
    await page.clock.setFixedTime(NOW);
    await gateway.attach(page);
    await servePhotos(page);
    await page.goto(site?.url ?? '');
    return { chat: new ChatPage(page), page, gateway, close: () => context.close() };
  };

  const openSignedIn: Open = async (browser, options, gateway) => {
    const stage = await open(browser, options, gateway);
    await signIn(stage);
    return stage;
  };

  return { open, openSignedIn };
}
