/**
 * What can be done with messages, rooms and people, by the page alone: a gateway that the test
 * plays answers. `together.spec.ts` shows the same through two real gateways.
 */

import { expect, test, type Browser, type BrowserContextOptions } from '@playwright/test';
import { GENERAL, type User } from '@parlor/client/protocol';
import { expectAccessible } from './support/axe.ts';
import { ann, ben, DESIGN, mei, openDesign, scene, type Scene } from './support/scene.ts';
import type { ScriptedGateway } from './support/scripted.ts';
import { shoot } from './support/shots.ts';
import { DESKTOP, NARROW, NOW, PHONE, theatre, type Stage } from './support/stage.ts';

/** The pictures that are shown in READMEs; the others are for looking at. */
const KEPT = new Set(['messages', 'photo', 'room-people', 'profile']);

const { openSignedIn } = theatre();

function open(browser: Browser, gateway: ScriptedGateway, options: BrowserContextOptions = DESKTOP): Promise<Stage> {
  return openSignedIn(browser, options, gateway);
}

test.describe('messages', () => {
  test('are edited, by the arrow key too, and show that they were', async ({ browser }) => {
    const stage = await open(browser, scene());
    const { page, chat } = stage;
    await openDesign(stage);
    await page.getByTestId('message-input').press('ArrowUp');
    await expect(page.getByTestId('composing')).toHaveAttribute('data-kind', 'edit');
    await expect(page.getByTestId('message-input')).toHaveValue('Quiet enough for me. I’d keep it.');
    await page.getByTestId('message-input').press('Escape');
    await expect(page.getByTestId('composing')).toHaveCount(0);
    await page.getByTestId('message-input').press('ArrowUp');
    await page.getByTestId('message-input').fill('Quiet enough. Keep it.');
    await page.getByTestId('message-input').press('Enter');
    await expect(chat.messages('Quiet enough. Keep it.').getByTestId('edited')).toBeVisible();
    await expect(page.getByTestId('message-input')).toHaveValue('');
    await expect(page.getByTestId('message-input')).toBeFocused();
    await stage.close();
  });

  test('are edited from the very next key, not from the next picture', async ({ browser }) => {
    const stage = await open(browser, scene());
    await openDesign(stage);
    const before = await stage.page.getByTestId('message-input').evaluate(async (field) => {
      field.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowUp', bubbles: true, cancelable: true }));
      await Promise.resolve();
      return document.activeElement instanceof HTMLTextAreaElement ? document.activeElement.value : null;
    });
    expect(before).toBe('Quiet enough for me. I’d keep it.');
    await stage.close();
  });

  test('are deleted after a question, and leave a trace', async ({ browser }) => {
    const stage = await open(browser, scene());
    const { page, chat } = stage;
    await openDesign(stage);
    await expect(page.getByTestId('deleted')).toHaveCount(1);
    await chat.messages('Quiet enough for me. I’d keep it.').hover();
    await page.getByTestId('tool-delete').click();
    await expect(page.getByTestId('delete-dialog')).toContainText('cannot be brought back');
    await page.getByTestId('confirm').click();
    await expect(page.getByTestId('deleted')).toHaveCount(2);
    await expect(page.getByTestId('delete-dialog')).toHaveCount(0);
    await stage.close();
  });

  test('are answered with a quote that leads to what it quotes', async ({ browser }) => {
    const stage = await open(browser, scene());
    const { page, chat } = stage;
    await openDesign(stage);
    await chat.messages('Where do we celebrate?').hover();
    await page.getByTestId('tool-reply').click();
    await expect(page.getByTestId('composing')).toContainText('Replying to Ben Okafor');
    await expect(page.getByTestId('message-input')).toBeFocused();
    await chat.say('Under the tree.');
    await expect(chat.messages('Under the tree.').getByTestId('quote')).toContainText('Where do we celebrate?');
    await chat.messages('Quiet enough for me. I’d keep it.').getByTestId('quote').click();
    const original = chat.messages('New drafts are up, with the warm grey. Is the unread count quiet enough now?');
    await expect(original).toBeInViewport();
    await expect(original).toBeFocused();
    await stage.close();
  });

  test('get reactions, by the keyboard alone', async ({ browser }) => {
    const stage = await open(browser, scene());
    const { page, chat } = stage;
    await openDesign(stage);
    const drafts = chat.messages('New drafts are up, with the warm grey. Is the unread count quiet enough now?');
    const thumb = drafts.locator('[data-emoji="👍"]');
    await expect(thumb).toHaveAttribute('aria-pressed', 'true');
    await thumb.click();
    await expect(thumb).toHaveAttribute('aria-pressed', 'false');
    await expect(thumb).toContainText('2');

    // The arrows begin with the last message in sight.
    await page.getByTestId('timeline').focus();
    await page.keyboard.press('End');
    await expect(chat.messages('Where do we celebrate?')).toBeInViewport({ ratio: 1 });
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await expect(chat.messages('@Robin Vale can you ship it before four? See https://parlor.example/drafts')).toBeFocused();
    await page.keyboard.press('ArrowDown');
    const poll = chat.messages('Where do we celebrate?');
    await expect(poll).toBeFocused();
    await poll.getByTestId('tool-react').focus();
    await page.keyboard.press('Enter');
    await page.getByTestId('emoji-input').fill('not one');
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('dialog-error')).toHaveText('One emoji, please.');
    await page.getByTestId('emoji-input').fill('🌳');
    await page.keyboard.press('Enter');
    await expect(poll.locator('[data-emoji="🌳"]')).toHaveAttribute('aria-pressed', 'true');
    await expect(poll.getByTestId('tool-react')).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(page.getByTestId('message-input')).toBeFocused();
    await stage.close();
  });

  test('name people, who are offered while one writes', async ({ browser }) => {
    const stage = await open(browser, scene());
    const { page, chat } = stage;
    await openDesign(stage);
    await expect(page.getByTestId('mention')).toHaveText('@Robin Vale');
    const field = page.getByTestId('message-input');
    await field.pressSequentially('ask @me');
    await expect(page.getByTestId('mention-option')).toHaveText(/Mei Tanaka/u);
    await field.press('Escape');
    await expect(page.getByTestId('mention-list')).toHaveCount(0);
    await field.press('Backspace');
    await field.press('Backspace');
    await field.press('Backspace');
    await field.pressSequentially('@');
    await expect(page.getByTestId('mention-option')).toHaveCount(4);
    await field.press('ArrowDown');
    await expect(page.getByRole('option', { selected: true })).toHaveText(/Ben Okafor/u);
    await field.press('Enter');
    await expect(field).toHaveValue('ask @Ben Okafor ');
    await field.press('Enter');
    await chat.sees('ask @Ben Okafor', stage.gateway.me.Username);
    await stage.close();
  });

  test('change while the connection is away', async ({ browser }) => {
    const stage = await open(browser, scene());
    const { page, gateway, chat } = stage;
    await openDesign(stage);
    const { own } = (gateway as Scene).said;
    gateway.change(DESIGN, own, 'edit', { Message: 'Twice as quiet.', EditedAt: NOW.toISOString() });
    await expect(chat.messages('Twice as quiet.')).toBeVisible();
    gateway.change(DESIGN, own, 'sparkle', {});
    gateway.change(DESIGN, own, 'delete', { Message: '', Deleted: true, DeletedBy: ann.UUID });
    await expect(page.getByTestId('deleted')).toHaveCount(2);
    await expect(page.getByTestId('deleted').last()).toContainText('deleted by Ann Lindqvist');
    await stage.close();
  });
});

test.describe('polls', () => {
  test('are voted in, changed and withdrawn', async ({ browser }) => {
    const stage = await open(browser, scene());
    const { page } = stage;
    await openDesign(stage);
    const option = (index: number) => page.locator(`[data-testid="poll-option"][data-index="${index}"]`);
    await expect(option(0)).toBeChecked();
    await option(2).click();
    await expect(option(2)).toBeChecked();
    await expect(option(0)).not.toBeChecked();
    await expect(option(2).getByTestId('poll-count')).toHaveText('1');
    await page.getByTestId('poll-withdraw').click();
    await expect(option(2)).not.toBeChecked();
    await expect(option(2).getByTestId('poll-count')).toHaveText('0');
    await stage.close();
  });

  test('are made with options that make sense', async ({ browser }) => {
    const stage = await open(browser, scene());
    const { page } = stage;
    await openDesign(stage);
    await page.getByTestId('new-poll').click();
    await expect(page.getByTestId('poll-question')).toBeFocused();
    await page.getByTestId('poll-question').fill('Which one?');
    await page.getByTestId('send-poll').click();
    await expect(page.getByTestId('dialog-error')).toHaveText('A poll needs two different options.');
    const fields = page.getByTestId('poll-option-field');
    await fields.nth(0).fill('This');
    await fields.nth(1).fill('That');
    await page.getByTestId('add-option').click();
    await fields.nth(2).fill('Neither');
    await page.getByTestId('poll-multiple').check();
    await page.getByTestId('send-poll').click();
    await expect(page.getByTestId('poll-dialog')).toHaveCount(0);
    await expect(page.getByTestId('poll').last()).toContainText('Neither');
    await expect(page.getByTestId('poll').last()).toContainText('Choose one or more');
    await stage.close();
  });
});

test.describe('rooms', () => {
  test('say honestly why nothing can be said in them', async ({ browser }) => {
    const stage = await open(browser, scene());
    const { page, gateway } = stage;
    await openDesign(stage);
    const silence = page.getByTestId('silence');
    gateway.say({ type: 'sys', sys: { type: 'muted', muted: { room: 'design', muted: true, until: new Date(NOW.getTime() + 95_000).toISOString() } } });
    await expect(silence).toContainText('You are muted. You can write again in 1:35 minutes.');
    gateway.say({ type: 'sys', sys: { type: 'muted', muted: { room: 'design', muted: false } } });
    await expect(page.getByTestId('message-input')).toBeVisible();
    gateway.say({ type: 'sys', sys: { type: 'roleChanged', roleChanged: { role: 'member' } } });
    gateway.say({ type: 'sys', sys: { type: 'roleChanged', roleChanged: { room: 'design', role: 'member' } } });
    gateway.say({ type: 'sys', sys: { type: 'roomChanged', roomChanged: { room: 'design', write: 'moderators' } } });
    await expect(silence).toHaveAttribute('data-why', 'readOnly');
    gateway.say({ type: 'sys', sys: { type: 'roomChanged', roomChanged: { room: 'design', write: 'everyone' } } });
    await expect(page.getByTestId('message-input')).toBeVisible();
    gateway.say({ type: 'sys', sys: { type: 'removed', removed: { room: 'design', why: 'kicked', reason: 'Too much bread' } } });
    await expect(silence).toContainText('You were removed from this room.');
    await expect(silence).toContainText('Reason: Too much bread');
    await page.getByTestId('rejoin').click();
    await expect(page.getByTestId('message-input')).toBeVisible();
    gateway.say({ type: 'sys', sys: { type: 'removed', removed: { room: 'design', why: 'banned', until: new Date(NOW.getTime() + 3_600_000).toISOString() } } });
    await expect(silence).toContainText('You are banned from this room until 15:52.');
    await expect(page.getByTestId('rejoin')).toHaveCount(0);
    await page.getByTestId('take-off').click();
    await expect(page.getByTestId('room-title')).toHaveText('General');
    await stage.close();
  });

  test('tell who is typing, and forget it', async ({ browser }) => {
    const stage = await open(browser, scene());
    const { page, gateway } = stage;
    const typing = (user: User, on: boolean): void => {
      gateway.say({ type: 'sys', sys: { type: 'typing', typing: { recipientUUID: '', userUUID: user.UUID, username: user.Username, on } } });
    };
    typing(ann, true);
    await expect(page.getByTestId('typing')).toHaveText('Ann Lindqvist is typing…');
    typing(ben, true);
    await expect(page.getByTestId('typing')).toHaveText('Ann Lindqvist and Ben Okafor are typing…');
    typing(mei, true);
    await expect(page.getByTestId('typing')).toHaveText('Several people are typing…');
    typing(ann, false);
    typing(ben, false);
    gateway.speak(GENERAL, mei, 'Here it is.');
    await expect(page.getByTestId('typing')).toBeEmpty();
    await stage.close();
  });

  test('count what is unread, here and in the tab’s title', async ({ browser }) => {
    const stage = await open(browser, scene());
    const { page, gateway, chat } = stage;
    await openDesign(stage);
    await chat.openRoom('General');
    gateway.speak(DESIGN, ann, 'One for @Robin Vale', NOW, undefined, { Mentions: [gateway.me.UUID] });
    gateway.speak(DESIGN, ann, 'and one for all', NOW);
    await expect(chat.row('design').getByTestId('unread')).toContainText('2');
    await expect(chat.row('design').getByTestId('mentions')).toContainText('@1');
    await expect(page).toHaveTitle('(2) Parlor');
    // Read on the phone.
    gateway.say({ type: 'sys', sys: { type: 'read', read: { room: 'design', seq: 99, epoch: 'e1' } } });
    await expect(page).toHaveTitle('Parlor');
    gateway.say({ type: 'sys', sys: { type: 'mention', mention: { room: 'lobby', uuid: 'm', seq: 1, epoch: 'e1', sender: ben } } });
    await expect(page.getByTestId('notices')).toContainText('Ben Okafor mentioned you in lobby.');
    await page.getByTestId('notice-open').click();
    await expect(page.getByTestId('room-title')).toHaveText('lobby');
    await stage.close();
  });
});

test('a session that was ended elsewhere says so, and signs in again', async ({ browser }) => {
  const stage = await open(browser, scene());
  const { page, gateway } = stage;
  gateway.say({ type: 'sys', sys: { type: 'signedOut', signedOut: { why: 'passwordChanged' } } });
  await expect(page.getByTestId('session-ended')).toContainText('Your password was changed on another device.');
  await expect(page.getByTestId('submit')).toBeEnabled();
  await stage.close();
});

test('a user who is banned reads why', async ({ browser }) => {
  const stage = await open(browser, scene());
  const { page, gateway } = stage;
  gateway.say({ type: 'error', error: { code: 33, reason: 'banned', error: 'you are banned from this site: too much bread' } });
  await expect(page.getByTestId('session-ended')).toHaveText('you are banned from this site: too much bread');
  await stage.close();
});

test('a narrow phone shows all of it without scrolling sideways', async ({ browser }) => {
  const stage = await open(browser, scene(), NARROW);
  const { page } = stage;
  const overflow = (): Promise<number> =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await openDesign(stage, true);
  expect(await overflow()).toBe(0);
  await stage.chat.messages('@Robin Vale can you ship it before four? See https://parlor.example/drafts').getByTestId('message-text').tap();
  await expect(page.getByTestId('tools')).toBeInViewport({ ratio: 1 });
  for (const [button, dialog] of [['new-poll', 'poll-dialog'], ['add-emoji', 'emoji-dialog'], ['room-details', 'room-dialog']] as const) {
    await page.getByTestId(button).click();
    await expect(page.getByTestId(dialog)).toBeVisible();
    expect(await overflow()).toBe(0);
    await page.keyboard.press('Escape');
    await expect(page.getByTestId(dialog)).toHaveCount(0);
    await expect(page.getByTestId(button)).toBeFocused();
  }
  await stage.close();
});

test.describe('pictures', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, options] of [['desktop', DESKTOP], ['phone', PHONE]] as const) {
      test(`${size}, ${colorScheme}`, async ({ browser }) => {
        const stage = await open(browser, scene(), { ...options, colorScheme });
        const { page, chat, gateway } = stage;
        const isPhone = size === 'phone';
        const take = async (name: string): Promise<void> => {
          await shoot(page, `${name}-${size}-${colorScheme}`, KEPT.has(name));
          await expectAccessible(page, name);
        };
        await openDesign(stage, isPhone);
        await expect(page.getByTestId('photo').locator('img')).toBeVisible();
        gateway.say({ type: 'sys', sys: { type: 'typing', typing: { room: 'design', userUUID: mei.UUID, username: mei.Username, on: true } } });
        await expect(page.getByTestId('typing')).not.toBeEmpty();
        await take('messages');
        await page.getByTestId('timeline').evaluate((element) => {
          element.scrollTop = 0;
        });
        const drafts = chat.messages('New drafts are up, with the warm grey. Is the unread count quiet enough now?');
        if (isPhone) await drafts.getByTestId('message-text').tap();
        else await drafts.hover();
        await expect(page.getByTestId('tools')).toBeVisible();
        await page.getByTestId('photo').click();
        await expect(page.getByTestId('lightbox-picture')).toBeVisible();
        await take('photo');
        await page.keyboard.press('Escape');

        await page.getByTestId('room-details').click();
        await expect(page.getByTestId('room-facts')).toBeVisible();
        await take('room-about');
        await page.getByTestId('dialog-tab-people').click();
        await page.getByTestId('member').filter({ hasText: 'Luis' }).getByTestId('member-actions').click();
        await take('room-people');
        await page.getByTestId('dialog-tab-settings').click();
        await expect(page.getByTestId('settings-save')).toBeVisible();
        await take('room-settings');
        await page.getByTestId('dialog-tab-bans').click();
        await expect(page.getByTestId('ban-row')).toBeVisible();
        await take('room-bans');
        await page.keyboard.press('Escape');

        await page.getByTestId('new-poll').click();
        await page.getByTestId('poll-question').fill('When do we meet?');
        await take('poll-dialog');
        await page.keyboard.press('Escape');
        await page.getByTestId('add-emoji').click();
        await expect(page.getByTestId('emoji-dialog')).toBeVisible();
        await take('emoji');
        await page.keyboard.press('Escape');
        if (isPhone) await page.getByTestId('menu').click();
        await page.getByTestId('my-profile').click();
        await expect(page.getByTestId('display-name')).toBeVisible();
        await take('profile');
        await page.getByTestId('dialog-tab-sessions').click();
        await expect(page.getByTestId('session')).toHaveCount(2);
        await take('sessions');
        await page.keyboard.press('Escape');
        await page.getByTestId('find-people').click();
        await page.getByTestId('people-search').fill('be');
        await expect(page.getByTestId('found-person')).toHaveCount(1);
        await take('people');
        await page.keyboard.press('Escape');
        if (isPhone) await page.getByTestId('scrim').click({ position: { x: 370, y: 400 } });
        await page.getByTestId('room-details').click();
        await page.getByTestId('open-audit').click();
        await expect(page.getByTestId('audit-entry')).toHaveCount(3);
        await take('audit');
        await page.keyboard.press('Escape');
        gateway.say({ type: 'sys', sys: { type: 'removed', removed: { room: 'design', why: 'kicked', reason: 'Too much bread' } } });
        await expect(page.getByTestId('silence')).toBeVisible();
        await take('removed');
        await stage.close();
      });
    }
  }
});
