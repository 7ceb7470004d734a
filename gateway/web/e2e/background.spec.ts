/** What the system tells of a page in the background, for whom asked for it. */

import { expect, test, type Browser, type Page } from '@playwright/test';
import { GENERAL, privateRoom } from '@parlor/client/protocol';
import { expectAccessible } from './support/axe.ts';
import { ann, ben, mei, scene } from './support/scene.ts';
import { DESKTOP, NOW, theatre, type Stage } from './support/stage.ts';

const { open: openPage, openSignedIn } = theatre();

interface Told {
  title: string;
  body: string;
  tag: string;
}

declare global {
  interface Window {
    told: Told[];
    asked: number;
    answer: NotificationPermission;
    clickLast: () => void;
    hidePage: (isHidden: boolean) => void;
  }
}

/** In place of the system's notifications, and of a tab that goes to the background. */
function prepare(): void {
  let permission: NotificationPermission = 'default';
  let last: { onclick: (() => void) | null } | null = null;
  window.told = [];
  window.asked = 0;
  window.answer = 'granted';
  class Fake {
    static get permission(): NotificationPermission {
      return permission;
    }
    static requestPermission(): Promise<NotificationPermission> {
      window.asked += 1;
      permission = window.answer;
      return Promise.resolve(permission);
    }
    onclick: (() => void) | null = null;
    readonly #told: Told;
    constructor(title: string, { body, tag }: { body: string; tag: string }) {
      this.#told = { title, body, tag };
      window.told = [...window.told.filter((other) => other.tag !== tag), this.#told];
      // eslint-disable-next-line @typescript-eslint/no-this-alias -- the test clicks on it later
      last = this;
    }
    close(): void {
      window.told = window.told.filter((other) => other !== this.#told);
    }
  }
  Object.defineProperty(window, 'Notification', { value: Fake });
  window.clickLast = () => last?.onclick?.();
  let state: DocumentVisibilityState = 'visible';
  Object.defineProperty(document, 'visibilityState', { get: () => state });
  window.hidePage = (isHidden) => {
    state = isHidden ? 'hidden' : 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
  };
}

async function open(browser: Browser): Promise<Stage> {
  const stage = await openPage(browser, DESKTOP, scene());
  await stage.page.addInitScript(prepare);
  await stage.page.reload();
  const { page, gateway, chat } = stage;
  await page.getByTestId('name').fill(gateway.me.Username);
  await page.getByTestId('password').fill('correct horse battery');
  await page.getByTestId('submit').click();
  await chat.ready();
  return stage;
}

const told = (page: Page): Promise<Told[]> => page.evaluate(() => window.told);

async function openSettings(page: Page): Promise<void> {
  await page.getByTestId('my-profile').click();
  await page.getByTestId('dialog-tab-alerts').click();
}

test('nobody is asked for leave but by their own click, and private messages and mentions are told', async ({ browser }) => {
  const stage = await open(browser);
  const { page, gateway, chat } = stage;
  expect(await page.evaluate(() => window.asked)).toBe(0);
  await openSettings(page);
  await expect(page.getByTestId('alerts-off')).toBeChecked();
  await expectAccessible(page, 'notifications');
  await page.getByTestId('alerts-direct').click();
  await expect(page.getByTestId('alerts-direct')).toBeChecked();
  expect(await page.evaluate(() => window.asked)).toBe(1);
  await page.keyboard.press('Escape');

  gateway.speak(GENERAL, ann, 'seen by @Robin Vale', NOW, undefined, { Mentions: [gateway.me.UUID] });
  await expect(chat.messages('seen by @Robin Vale')).toBeVisible();
  expect(await told(page)).toEqual([]);

  await page.evaluate(() => {
    window.hidePage(true);
  });
  gateway.speak(GENERAL, ben, 'for everybody', NOW);
  gateway.speak(GENERAL, ann, 'are you there, @Robin Vale?', NOW, undefined, { Mentions: [gateway.me.UUID] });
  gateway.say({
    type: 'sys',
    sys: { type: 'privateMessage', privateMessage: { recipientUUID: mei.UUID, user: mei, epoch: 'e1', seq: 1 } },
  });
  await expect.poll(() => told(page)).toEqual([
    { title: 'Ann Lindqvist in General', body: 'are you there, @Robin Vale?', tag: GENERAL },
    { title: 'Mei Tanaka', body: 'Wrote to you', tag: privateRoom(mei.UUID) },
  ]);
  await expect(page).toHaveTitle(/^\(\d+\) Parlor$/u);

  // A click opens the room, and coming back takes the rest away.
  await page.evaluate(() => {
    window.clickLast();
  });
  await expect(page.getByTestId('room-title')).toHaveText('Mei Tanaka');
  await page.evaluate(() => {
    window.hidePage(false);
  });
  await expect.poll(() => told(page)).toEqual([]);
  await stage.close();
});

test('a refusal is told', async ({ browser }) => {
  const stage = await open(browser);
  const { page } = stage;
  await openSettings(page);
  await page.evaluate(() => {
    window.answer = 'denied';
  });
  await page.getByTestId('alerts-all').click();
  await expect(page.getByTestId('alerts-note')).toContainText('Your browser blocks notifications');
  await expect(page.getByTestId('alerts-off')).toBeChecked();
  await expect(page.getByTestId('alerts-all')).toBeDisabled();
  await expectAccessible(page, 'notifications blocked');
  await stage.close();
});

test('a browser without notifications says so', async ({ browser }) => {
  const stage = await openSignedIn(browser, DESKTOP, scene());
  const { page } = stage;
  await page.evaluate(() => Reflect.deleteProperty(window, 'Notification'));
  await openSettings(page);
  await expect(page.getByText('This browser can’t show notifications of a page.')).toBeVisible();
  await stage.close();
});
