/** Ways to a room or a person, and back to what one began to write there. */

import { expect, test } from '@playwright/test';
import { GENERAL, privateRoom, type User } from '@parlor/client/protocol';
import { expectAccessible } from './support/axe.ts';
import { ann, ben, DESIGN, mei, openDesign, scene } from './support/scene.ts';
import { shoot } from './support/shots.ts';
import { DESKTOP, NOW, PHONE, theatre } from './support/stage.ts';

const { openSignedIn } = theatre();

const COLUMN = ['Ada', 'Björn', 'Chloé', 'Dmitri', 'Esi', 'Farid', 'Grace', 'Hana'];
const crowd: User[] = COLUMN.map((name) => ({ UUID: `${name} 1`, Username: name, OnLine: true }));

test.describe('the switcher', () => {
  test('goes to rooms and people by the keyboard alone', async ({ browser }) => {
    const gateway = scene();
    gateway.occupancy.set('deploys', 2);
    const stage = await openSignedIn(browser, DESKTOP, gateway);
    const { page, chat } = stage;
    await openDesign(stage);
    await chat.openRoom('General');
    gateway.speak(DESIGN, ann, 'One for @Robin Vale', NOW, undefined, { Mentions: [gateway.me.UUID] });

    const options = page.getByTestId('switcher-option');
    const chosen = page.getByRole('option', { selected: true });
    await page.keyboard.press('Control+k');
    const field = page.getByTestId('switcher-input');
    await expect(field).toBeFocused();
    // What is new first, and the room that is shown last.
    await expect(chosen).toContainText('design');
    await expect(options.last()).toContainText('General');
    await expectAccessible(page, 'switcher');

    await page.keyboard.type('de');
    await expect(options).toHaveText([/design/u, /deploys/u]);
    await page.keyboard.press('ArrowDown');
    await expect(chosen).toContainText('deploys');
    await expect(field).toHaveAttribute('aria-activedescendant', (await chosen.getAttribute('id')) ?? '');
    await page.keyboard.press('ArrowDown');
    await expect(chosen).toContainText('design');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('room-title')).toHaveText('deploys');
    await expect(page.getByTestId('switcher')).toHaveCount(0);
    await expect(page.getByTestId('message-input')).toBeFocused();

    await page.keyboard.press('Control+k');
    await expect(field).toBeFocused();
    await page.keyboard.type('tanaka');
    await expect(options).toHaveCount(1);
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('room-title')).toHaveText('Mei Tanaka');
    await stage.close();
  });

  test('says when there is nothing, and gives the focus back', async ({ browser }) => {
    const stage = await openSignedIn(browser, DESKTOP, scene());
    const { page } = stage;
    await expect(page.getByTestId('message-input')).toBeFocused();
    await page.keyboard.press('Control+k');
    await expect(page.getByTestId('switcher-input')).toBeFocused();
    await page.keyboard.type('nowhere');
    await expect(page.getByTestId('switcher-none')).toHaveText('Nothing by that name.');
    await expect(page.getByTestId('switcher-input')).toHaveAttribute('aria-expanded', 'false');
    await expectAccessible(page, 'switcher without results');
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('switcher')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByTestId('switcher')).toHaveCount(0);
    await expect(page.getByTestId('message-input')).toBeFocused();
    await page.keyboard.press('Control+k');
    await expect(page.getByTestId('switcher')).toBeVisible();
    await page.keyboard.press('Control+k');
    await expect(page.getByTestId('switcher')).toHaveCount(0);
    await expect(page.getByTestId('message-input')).toBeFocused();

    // What somebody writes in another dialog is not lost to a wrong key.
    await page.getByTestId('new-poll').click();
    await page.getByTestId('poll-question').fill('When?');
    await page.keyboard.press('Control+k');
    await expect(page.getByTestId('switcher')).toHaveCount(0);
    await expect(page.getByTestId('poll-question')).toHaveValue('When?');
    await stage.close();
  });

  for (const [size, options, colorScheme] of [['desktop', DESKTOP, 'light'], ['phone', PHONE, 'dark']] as const) {
    test(`looks right: ${size}, ${colorScheme}`, async ({ browser }) => {
      const gateway = scene();
      gateway.users = [...gateway.users, ...crowd];
      const stage = await openSignedIn(browser, { ...options, colorScheme }, gateway);
      const { page } = stage;
      gateway.speak(privateRoom(mei.UUID), mei, 'Do you have a minute?', NOW);
      await page.getByTestId('message-input').fill('Half a thought');
      await openDesign(stage, size === 'phone');
      if (size === 'phone') await page.getByTestId('menu').click();
      await expect(page.getByTestId('draft')).toBeVisible();
      await shoot(page, `list-${size}-${colorScheme}`, false);
      await expectAccessible(page, 'list with a draft and a filter');
      await page.getByTestId('open-switcher').click();
      await page.getByTestId('switcher-input').fill('a');
      await expect(page.getByTestId('switcher-option').first()).toHaveText(/Ada/u);
      await shoot(page, `switcher-${size}-${colorScheme}`, false);
      await expectAccessible(page, 'switcher');
      await page.getByTestId('switcher-option').filter({ hasText: 'Grace' }).click();
      await expect(page.getByTestId('room-title')).toHaveText('Grace');
      await stage.close();
    });
  }
});

test.describe('the list of rooms', () => {
  test('is searched from some length on', async ({ browser }) => {
    const gateway = scene();
    gateway.users = [...gateway.users, ...crowd];
    const stage = await openSignedIn(browser, DESKTOP, gateway);
    const { page, chat } = stage;
    await openDesign(stage);
    const field = page.getByTestId('sidebar-filter');
    const rooms = page.getByTestId('room-row');
    await field.fill('DES');
    await expect(rooms).toHaveText([/design/u]);
    await expect(page.getByText('Nobody by that name.')).toBeVisible();
    await field.fill('chloe');
    await expect(rooms).toHaveCount(0);
    await expect(page.getByText('No room by that name.')).toBeVisible();
    await expect(page.getByTestId('person')).toHaveText([/Chloé/u]);
    await expectAccessible(page, 'filtered list');
    await field.press('Escape');
    await expect(field).toHaveValue('');
    await expect(rooms).toHaveCount(2);
    await field.fill('gen');
    await field.press('Enter');
    await expect(page.getByTestId('room-title')).toHaveText('General');
    await expect(field).toHaveValue('');
    await expect(chat.row('design')).toBeVisible();
    await stage.close();
  });

  test('has no field where everything is seen at once', async ({ browser }) => {
    const stage = await openSignedIn(browser, DESKTOP, scene());
    await expect(stage.chat.person(ann.Username)).toBeVisible();
    await expect(stage.page.getByTestId('sidebar-filter')).toHaveCount(0);
    await stage.close();
  });
});

test.describe('drafts', () => {
  test('wait in their rooms, over a reload too, until they are sent', async ({ browser }) => {
    const stage = await openSignedIn(browser, DESKTOP, scene());
    const { page, chat } = stage;
    const field = page.getByTestId('message-input');
    await field.fill('Half a thought for all');
    await openDesign(stage);
    await expect(field).toHaveValue('');
    await field.fill('and one\non colours');
    await expect(chat.row('General').getByTestId('draft')).toBeVisible();
    await expect(chat.row('design').getByTestId('draft')).toHaveCount(0);

    await page.reload();
    await chat.ready();
    await expect(page.getByTestId('room-title')).toHaveText('design');
    await expect(field).toHaveValue('and one\non colours');
    await chat.openRoom('General');
    await expect(field).toHaveValue('Half a thought for all');
    await field.press('Enter');
    await chat.sees('Half a thought for all', stage.gateway.me.Username);
    await chat.openRoom('design');
    await page.reload();
    await chat.ready();
    await expect(chat.row('General')).toBeVisible();
    await expect(page.getByTestId('draft')).toHaveCount(0);
    await stage.close();
  });

  test('are nobody else’s, and go with whom they belong to', async ({ browser }) => {
    const stage = await openSignedIn(browser, DESKTOP, scene());
    const { page, chat, gateway } = stage;
    await page.getByTestId('message-input').fill('for myself');
    gateway.speak(GENERAL, ben, 'hello', NOW);
    await expect(chat.messages('hello')).toBeVisible();
    await page.getByTestId('sign-out').click();
    await page.getByTestId('name').fill(gateway.me.Username);
    await page.getByTestId('password').fill('correct horse battery');
    await page.getByTestId('submit').click();
    await chat.ready();
    await expect(page.getByTestId('message-input')).toHaveValue('');
    await stage.close();
  });
});
