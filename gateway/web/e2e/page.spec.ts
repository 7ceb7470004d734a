/**
 * The page by itself, with a gateway that the test plays: states that a real one can't be brought
 * into on demand, and the pictures for the README, which are to come out the same every time.
 */

import { expect, test } from '@playwright/test';
import { GENERAL, privateRoom, type RoomKey, type User } from '@parlor/client/protocol';
import { expectAccessible } from './support/axe.ts';
import { ann, ben, luis, mei } from './support/scene.ts';
import { ScriptedGateway } from './support/scripted.ts';
import { shoot } from './support/shots.ts';
import { DESKTOP, NARROW, NOW, PHONE, signIn, theatre } from './support/stage.ts';

const visitor: User = { UUID: 'Visitor 2', Username: 'Visitor', OnLine: true, Guest: true };

const { open, openSignedIn } = theatre();

function fill(gateway: ScriptedGateway, room: RoomKey, count: number): void {
  for (let index = 1; index <= count; index += 1) {
    gateway.speak(room, index % 4 === 0 ? ben : ann, `message ${index}`, new Date(NOW.getTime() - (count - index) * 60_000));
  }
}

test.describe('signing in', () => {
  test('offers what the server allows', async ({ browser }) => {
    const gateway = new ScriptedGateway();
    gateway.ready = { ...gateway.ready, guests: false, signUp: false };
    const { chat, close } = await open(browser, DESKTOP, gateway);
    await expect(chat.page.getByTestId('sign-in-form')).toBeVisible();
    await expect(chat.page.getByRole('tab')).toHaveCount(0);
    await expect(chat.page.getByText('New here?')).toHaveCount(0);
    await close();
  });

  test('tells what is wrong, and works by keyboard alone', async ({ browser }) => {
    const stage = await open(browser);
    const { page } = stage.chat;
    stage.gateway.onSignIn = { code: 4, reason: 'signInRefused', error: 'wrong password', retryable: false };
    await expect(page.getByTestId('name')).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toHaveText('Please enter a name.');
    await page.keyboard.type('Robin Vale');
    await page.keyboard.press('Tab');
    await page.keyboard.type('guess');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toHaveText('wrong password');
    stage.gateway.onSignIn = 'accept';
    await page.getByRole('tab', { name: 'Sign in' }).focus();
    await page.keyboard.press('ArrowLeft');
    await expect(page.getByTestId('tab-guest')).toBeFocused();
    await expect(page.getByRole('alert')).toHaveCount(0);
    await page.keyboard.press('Tab');
    await page.keyboard.type('Robin');
    await page.keyboard.press('Enter');
    await stage.chat.ready();
    await expect(page.getByTestId('message-input')).toBeFocused();
    await stage.close();
  });
});

test.describe('sending', () => {
  test('shows what is on its way, what failed and why', async ({ browser }) => {
    const { chat, gateway, close } = await openSignedIn(browser);
    const outgoing = chat.page.getByTestId('outgoing');
    gateway.onMessage = 'silence';
    await chat.say('hold on');
    await expect(outgoing).toHaveAttribute('data-state', 'sent');
    gateway.onMessage = 'store';
    await gateway.end(1011);
    await chat.sees('hold on', 'Robin Vale');

    gateway.onMessage = { code: 7, reason: 'messageRefused', error: 'the message is not wanted', retryable: false };
    await chat.say('refused');
    await expect(outgoing).toContainText('Not sent: the message is not wanted');
    gateway.onMessage = 'store';
    await chat.page.getByTestId('retry-message').click();
    await chat.sees('refused', 'Robin Vale');

    gateway.onMessage = { code: 7, reason: 'messageRefused', error: 'no', retryable: false };
    await chat.say('given up');
    await chat.page.getByTestId('discard-message').click();
    await expect(outgoing).toHaveCount(0);
    await close();
  });

  test('says how much is too much', async ({ browser }) => {
    const { chat, close } = await openSignedIn(browser);
    const { page } = chat;
    await page.getByTestId('message-input').fill('😀'.repeat(3_990));
    await expect(page.getByTestId('counter')).toHaveText('10 left');
    await page.getByTestId('message-input').fill('x'.repeat(4_001));
    await expect(page.getByTestId('counter')).toHaveText('1 too many');
    await expect(page.getByTestId('send')).toBeDisabled();
    await page.getByTestId('message-input').fill('one');
    await page.getByTestId('message-input').press('Shift+Enter');
    await page.keyboard.type('two');
    await page.keyboard.press('Enter');
    await expect(chat.page.getByTestId('message-text')).toHaveText('one\ntwo');
    await close();
  });
});

test.describe('the connection', () => {
  test('tells each of its troubles', async ({ browser }) => {
    const { chat, gateway, close } = await openSignedIn(browser);
    const banner = chat.page.getByTestId('banner');
    gateway.say({ type: 'sys', sys: { type: 'sending', sending: { paused: true } } });
    await expect(banner).toContainText('Sending is paused');
    await chat.say('kept');
    await expect(chat.page.getByTestId('outgoing')).toContainText('Waiting to be sent');
    gateway.say({ type: 'sys', sys: { type: 'sending', sending: { paused: false } } });
    await chat.sees('kept', 'Robin Vale');
    await expect(banner).toBeEmpty();

    gateway.say({ type: 'sys', sys: { type: 'reconnect', reconnect: { delayMs: 60_000 } } });
    await expect(banner).toContainText('The server is restarting. Reconnecting in 60 seconds.');
    await chat.page.getByTestId('retry-now').click();
    await chat.ready();

    gateway.accepts = false;
    await gateway.end(1013);
    await expect(banner).toContainText('The server is full right now');
    gateway.accepts = true;
    await chat.page.getByTestId('retry-now').click();
    await chat.ready();
    await gateway.end(1009);
    await expect(banner).toContainText('The server refused what this page sent');
    await close();
  });
});

test.describe('the timeline', () => {
  test('loads older messages without moving what is read', async ({ browser }) => {
    const gateway = new ScriptedGateway();
    fill(gateway, GENERAL, 180);
    const { chat, close } = await openSignedIn(browser, DESKTOP, gateway);
    const timeline = chat.page.getByTestId('timeline');
    const scrollBy = (px: number): Promise<void> =>
      timeline.evaluate((element, by) => {
        element.scrollTop += by;
      }, px);
    const height = (): Promise<number> => timeline.evaluate((element) => element.scrollHeight);
    const top = (text: string): Promise<number> => chat.messages(text).evaluate((row) => row.getBoundingClientRect().top);
    await chat.sees('message 180', 'Ben Okafor');
    await expect(chat.messages('message 180')).toBeInViewport();

    // The row stands where it stood, though a hundred came above it.
    const before = await height();
    await scrollBy(-1_300);
    await expect(chat.messages('message 150')).toBeInViewport();
    const place = await top('message 150');
    await scrollBy(-300);
    await expect.poll(height).toBeGreaterThan(before);
    expect(Math.abs((await top('message 150')) - place - 300)).toBeLessThan(2);

    await expect(async () => {
      await scrollBy(-100_000);
      await expect(chat.page.getByTestId('beginning')).toHaveText('This is where General begins.', { timeout: 100 });
    }).toPass();
    await scrollBy(-100_000);
    await expect(chat.messages('message 1')).toBeInViewport();

    // Each is there once, in order, and never many of them are drawn.
    const seen = new Set<string>();
    for (let step = 0; step < 60 && !seen.has('message 180'); step += 1) {
      const drawn = await chat.texts();
      expect(drawn.length).toBeLessThan(120);
      for (const text of drawn) seen.add(text);
      await scrollBy(400);
    }
    expect([...seen]).toEqual(Array.from({ length: 180 }, (_, index) => `message ${index + 1}`));
    await close();
  });

  test('follows what comes, and waits where somebody reads', async ({ browser }) => {
    const gateway = new ScriptedGateway();
    fill(gateway, GENERAL, 60);
    const { chat, close } = await openSignedIn(browser, DESKTOP, gateway);
    gateway.speak(GENERAL, ann, 'followed', NOW);
    await expect(chat.messages('followed')).toBeInViewport();
    await expect(chat.page.getByTestId('announcer')).toHaveText('Ann Lindqvist: followed');

    await chat.page.getByTestId('timeline').hover();
    await chat.page.mouse.wheel(0, -600);
    await expect(chat.page.getByTestId('jump-to-latest')).toBeVisible();
    gateway.speak(GENERAL, ann, 'further down', NOW);
    await expect(chat.page.getByTestId('jump-to-latest')).toHaveText('1 new message');
    await expect(chat.messages('further down')).not.toBeInViewport();
    await chat.page.getByTestId('jump-to-latest').click();
    await expect(chat.messages('further down')).toBeInViewport();
    await expect(chat.page.getByTestId('jump-to-latest')).toHaveCount(0);
    await close();
  });

  test('marks what is new in a room that is opened', async ({ browser }) => {
    const { chat, gateway, close } = await openSignedIn(browser);
    await chat.page.getByTestId('browse-rooms').click();
    await chat.page.getByTestId('room-search').fill('design');
    await chat.page.keyboard.press('Enter');
    await expect(chat.page.getByTestId('room-title')).toHaveText('design');
    await chat.openRoom('General');
    gateway.speak('room:design', ann, 'first news', NOW);
    gateway.speak('room:design', ann, 'second news', NOW);
    await expect(chat.page.getByTestId('unread')).toContainText('2');
    await chat.openRoom('design');
    await expect(chat.page.getByTestId('new-marker')).toHaveCount(1);
    await expect(chat.page.getByTestId('unread')).toHaveCount(0);
    await chat.page.getByTestId('leave-room').click();
    await expect(chat.page.getByTestId('room-title')).toHaveText('General');
    await expect(chat.page.getByTestId('room-row')).toHaveCount(1);
    await close();
  });
});

test('a narrow phone shows everything without scrolling sideways', async ({ browser }) => {
  const gateway = cast();
  const stage = await open(browser, NARROW, gateway);
  const { page } = stage.chat;
  const overflow = (): Promise<number> =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(await overflow()).toBe(0);
  await signIn(stage);
  gateway.speak(GENERAL, ann, 'x'.repeat(300), NOW);
  await expect(stage.chat.messages('x'.repeat(300))).toBeVisible();
  expect(await overflow()).toBe(0);

  await expect(page.getByTestId('sidebar')).not.toBeInViewport();
  await page.getByTestId('menu').click();
  await expect(page.getByTestId('sidebar')).toBeInViewport();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('sidebar')).not.toBeInViewport();
  await expect(page.getByTestId('menu')).toBeFocused();
  await page.getByTestId('menu').click();
  await page.getByTestId('browse-rooms').click();
  await expect(page.getByTestId('room-search')).toBeFocused();
  expect(await overflow()).toBe(0);
  await page.locator('[data-testid="directory-row"][data-name="design"]').click();
  await expect(page.getByTestId('room-title')).toHaveText('design');
  await expect(page.getByTestId('sidebar')).not.toBeInViewport();
  await stage.close();
});

test('the theme follows the system until somebody chooses, and the choice stays', async ({ browser }) => {
  const { chat, close } = await open(browser, { ...DESKTOP, colorScheme: 'dark' });
  const { page } = chat;
  const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.getByRole('button', { name: 'Theme: as the system' }).click();
  await expect(page.getByTestId('theme-switch')).toHaveAccessibleName('Theme: light');
  expect(await ground()).not.toBe(dark);
  await page.reload();
  await expect(page.getByTestId('theme-switch')).toHaveAccessibleName('Theme: light');
  expect(await ground()).not.toBe(dark);
  await close();
});

/** The people and the talk of the pictures. */
function cast(): ScriptedGateway {
  const gateway = new ScriptedGateway();
  gateway.users = [ann, ben, mei, luis, visitor];
  gateway.occupancy.set('design', 3);
  gateway.occupancy.set('deploys', 2);
  gateway.occupancy.set('book club', 5);
  const at = (day: number, time: string): Date => new Date(`2026-11-${day}T${time}:00+01:00`);
  fill(gateway, GENERAL, 12);
  gateway.rooms.set(GENERAL, (gateway.rooms.get(GENERAL) ?? []).map((message) => ({ ...message, CreatedAt: at(19, '09:00').toISOString() })));
  gateway.speak(GENERAL, ann, 'The second gateway is up. If anything feels odd, say so here.', at(20, '16:02'));
  gateway.speak(GENERAL, gateway.me, 'Nothing odd so far. It feels quick.', at(20, '16:20'));
  gateway.speak(GENERAL, ben, 'Morning! I unplugged the first one at eight and nobody noticed, so that works.', at(21, '09:12'));
  gateway.speak(GENERAL, mei, 'I noticed a yellow line for about a second.', at(21, '09:14'));
  gateway.speak(GENERAL, mei, 'Every message was there, though. Even the one I was sending.', at(21, '09:14'));
  gateway.speak(GENERAL, gateway.me, 'That is all I wanted to hear.', at(21, '09:20'));
  gateway.speak(GENERAL, ann, 'Lunch at one? The corner table fits five if we ask before noon.', at(21, '11:31'));
  gateway.speak(GENERAL, gateway.me, 'Count me in.', at(21, '11:33'));
  gateway.speak(GENERAL, gateway.me, 'Two minutes late, as ever.', at(21, '11:33'));
  gateway.speak(GENERAL, ben, 'We’ll start with the bread.', at(21, '11:35'));
  gateway.speak('room:design', ann, 'New drafts are up.', at(21, '12:10'));
  gateway.speak('room:design', mei, 'The warm grey is lovely. Can the unread count be a little quieter?', at(21, '12:12'));
  gateway.speak(privateRoom(mei.UUID), mei, 'Do you have a minute later?', at(21, '13:40'));
  gateway.speak(privateRoom(mei.UUID), gateway.me, 'After four, gladly.', at(21, '13:44'));
  return gateway;
}

test.describe('pictures', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, options] of [['desktop', DESKTOP], ['phone', PHONE]] as const) {
      test(`${size}, ${colorScheme}`, async ({ browser }) => {
        const gateway = cast();
        const stage = await open(browser, { ...options, colorScheme }, gateway);
        const { page } = stage.chat;
        const take = async (name: string): Promise<void> => {
          await shoot(page, name);
          await expectAccessible(page, name);
        };
        const openMenu = async (): Promise<void> => {
          if (size === 'phone') await page.getByTestId('menu').click();
        };
        await expect(page.getByTestId('tab-guest')).toBeVisible();
        await take(size === 'desktop' && colorScheme === 'light' ? 'sign-in' : `sign-in-${size}-${colorScheme}`);
        await signIn(stage);

        await openMenu();
        await page.getByTestId('browse-rooms').click();
        await expect(page.getByTestId('directory-row')).toHaveCount(3);
        await take(`rooms-${size}-${colorScheme}`);
        await page.locator('[data-testid="directory-row"][data-name="design"]').click();
        await stage.chat.sees('New drafts are up.', ann.Username);
        await openMenu();
        await page.getByTestId('browse-rooms').click();
        await page.locator('[data-testid="directory-row"][data-name="deploys"]').click();
        await openMenu();
        await stage.chat.openPerson(mei.Username);
        await stage.chat.sees('After four, gladly.', gateway.me.Username);
        await take(`private-${size}-${colorScheme}`);
        await openMenu();
        await stage.chat.openRoom('General');
        for (const text of ['Ship it?', 'Ship it.', 'Green on all three.']) gateway.speak('room:deploys', ben, text, NOW);
        await expect(stage.chat.messages('We’ll start with the bread.')).toBeInViewport();
        await openMenu();
        await expect(page.getByTestId('unread')).toContainText('3');
        if (size === 'phone') {
          await take(`menu-${size}-${colorScheme}`);
          await page.getByTestId('scrim').click({ position: { x: 370, y: 400 } });
          await expect(page.getByTestId('sidebar')).not.toBeInViewport();
        }
        await take(`chat-${size}-${colorScheme}`);

        gateway.onMessage = 'silence';
        await stage.chat.say('On my way.');
        gateway.say({ type: 'sys', sys: { type: 'reconnect', reconnect: { delayMs: 8_000 } } });
        await expect(page.getByTestId('banner')).toContainText('The server is restarting');
        await take(`restarting-${size}-${colorScheme}`);
        await stage.close();
      });
    }
  }
});
