/**
 * What axe finds in the states that no picture shows: nothing. Wide in the one theme and narrow in
 * the other; colours are the same at each width. The states of the pictures are checked where they
 * are taken.
 */

import { expect, test } from '@playwright/test';
import { GENERAL } from '@parlor/client/protocol';
import { expectAccessible } from './support/axe.ts';
import { pngOf } from './support/png.ts';
import { ann, ben, DESIGN, openDesign, scene } from './support/scene.ts';
import { ScriptedGateway } from './support/scripted.ts';
import { DESKTOP, NOW, PHONE, theatre, type Stage } from './support/stage.ts';

const { open, openSignedIn } = theatre();

const POLL = 'Where do we celebrate?';
const OWN = 'Quiet enough for me. I’d keep it.';

/** Shows what can be done with a message. */
async function showTools({ chat, page }: Stage, text: string, isPhone: boolean): Promise<void> {
  const message = chat.messages(text);
  await message.scrollIntoViewIfNeeded();
  if (isPhone) await message.getByTestId('message-text').tap();
  else await message.hover();
  await expect(page.getByTestId('tools')).toBeVisible();
}

for (const [size, device, colorScheme] of [['desktop', DESKTOP, 'light'], ['phone', PHONE, 'dark']] as const) {
  const isPhone = size === 'phone';
  const options = { ...device, colorScheme };

  test.describe(`${size}, ${colorScheme}`, () => {
    test('signing in', async ({ browser }) => {
      const stage = await open(browser, options);
      const { page, gateway } = stage;
      gateway.onSignIn = { code: 4, reason: 'signInRefused', error: 'wrong password', retryable: false };
      await page.getByTestId('tab-guest').click();
      await expectAccessible(page, 'guest');
      await page.getByTestId('tab-signUp').click();
      await expectAccessible(page, 'sign-up');
      await page.getByTestId('name').fill('Robin Vale');
      await page.getByTestId('password').fill('guess');
      await page.getByTestId('submit').click();
      await expect(page.getByTestId('sign-in-error')).toBeVisible();
      await expectAccessible(page, 'refused');
      gateway.accepts = false;
      await gateway.end(1011);
      await expect(page.getByTestId('unreachable')).toBeVisible();
      await expectAccessible(page, 'unreachable');
      await stage.close();
    });

    test('messages', async ({ browser }) => {
      const stage = await openSignedIn(browser, options, scene());
      const { page, gateway, chat } = stage;
      const close = async (dialog: string): Promise<void> => {
        await page.keyboard.press('Escape');
        await expect(page.getByTestId(dialog)).toHaveCount(0);
      };
      await openDesign(stage, isPhone);

      await showTools(stage, POLL, isPhone);
      await expectAccessible(page, 'tools');
      await page.getByTestId('tool-report').click();
      await expect(page.getByTestId('report-dialog')).toBeVisible();
      await expectAccessible(page, 'report');
      await close('report-dialog');
      await showTools(stage, OWN, isPhone);
      await page.getByTestId('tool-delete').click();
      await expect(page.getByTestId('delete-dialog')).toBeVisible();
      await expectAccessible(page, 'delete');
      await close('delete-dialog');

      await showTools(stage, POLL, isPhone);
      await page.getByTestId('tool-reply').click();
      await expect(page.getByTestId('composing')).toBeVisible();
      await page.getByTestId('message-input').pressSequentially('ask @');
      await expect(page.getByTestId('mention-list')).toBeVisible();
      await expectAccessible(page, 'reply and mention');
      await page.getByTestId('message-input').fill('');
      await page.getByTestId('stop-composing').click();
      await page.getByTestId('message-input').press('ArrowUp');
      await expect(page.getByTestId('composing')).toHaveAttribute('data-kind', 'edit');
      await expectAccessible(page, 'edit');
      await page.getByTestId('stop-composing').click();

      // Not the answer of a gateway, but one that the browser itself does not complain of.
      await page.route(/\/api\/.*photos\?/u, (route) => route.fulfill({ json: { code: 1, error: 'not a photo' } }));
      await page.getByTestId('photo-input').setInputFiles({ name: 'morning.png', mimeType: 'image/png', buffer: pngOf(64, 40) });
      await expect(page.getByTestId('attachment')).toHaveAttribute('data-state', 'failed');
      await page.getByTestId('message-input').fill('x'.repeat(4_001));
      await expect(page.getByTestId('counter')).toHaveText('1 too many');
      await expectAccessible(page, 'failed photo, too long a message');
      await page.getByTestId('remove-attachment').click();

      gateway.onMessage = { code: 7, reason: 'messageRefused', error: 'the message is not wanted', retryable: false };
      await chat.say('refused');
      await expect(page.getByTestId('outgoing')).toContainText('Not sent');
      await expectAccessible(page, 'refused message');
      await page.getByTestId('new-poll').click();
      await page.getByTestId('send-poll').click();
      await expect(page.getByTestId('dialog-error')).toBeVisible();
      await expectAccessible(page, 'poll that makes no sense');
      await stage.close();
    });

    test('rooms and people', async ({ browser }) => {
      const stage = await openSignedIn(browser, options, scene());
      const { page, gateway } = stage;
      await expect(page.getByText('Nothing has been said yet.')).toBeVisible();
      await expectAccessible(page, 'empty room');
      await openDesign(stage, isPhone);
      gateway.say({ type: 'sys', sys: { type: 'mention', mention: { room: 'lobby', uuid: 'm', seq: 1, epoch: 'e1', sender: ben } } });
      await expect(page.getByTestId('notice-open')).toBeVisible();
      await expectAccessible(page, 'notice');

      await page.getByTestId('members').click();
      await page.getByTestId('member').filter({ hasText: 'Luis' }).getByTestId('member-actions').click();
      await page.getByTestId('action-ban').click();
      await expect(page.getByTestId('measure')).toBeVisible();
      await expectAccessible(page, 'ban');
      await page.keyboard.press('Escape');
      if (isPhone) await page.getByTestId('menu').click();
      await page.getByTestId('browse-rooms').click();
      await page.getByTestId('room-search').fill('nowhere');
      await expectAccessible(page, 'no such room');
      await page.getByTestId('create-with-settings').click();
      await expect(page.getByTestId('create-name')).toBeVisible();
      await expectAccessible(page, 'new room');
      await page.keyboard.press('Escape');
      await page.getByTestId('find-people').click();
      await page.getByTestId('people-search').fill('zz');
      await expect(page.getByText('Nobody by that name.')).toBeVisible();
      await expectAccessible(page, 'nobody found');
      await page.keyboard.press('Escape');
      await page.getByTestId('my-profile').click();
      await page.getByTestId('dialog-tab-password').click();
      await expect(page.getByTestId('old-password')).toBeVisible();
      await expectAccessible(page, 'password');
      await page.keyboard.press('Escape');
      await stage.chat.openPerson(ann.Username);
      await page.getByTestId('room-details').click();
      await expect(page.getByTestId('site-role')).toBeVisible();
      await page.getByTestId('site-ban').click();
      await expectAccessible(page, 'a person, and a ban');
      await stage.close();
    });

    test('where nothing can be said', async ({ browser }) => {
      const gateway = scene();
      gateway.role = 'member';
      const { settings = {} } = gateway.about.get(DESIGN) ?? {};
      gateway.about.set(DESIGN, { role: 'member', canWrite: true, settings });
      const stage = await openSignedIn(browser, options, gateway);
      const { page } = stage;
      await openDesign(stage, isPhone);
      const silence = page.getByTestId('silence');
      const until = new Date(NOW.getTime() + 95_000).toISOString();
      gateway.say({ type: 'sys', sys: { type: 'muted', muted: { room: 'design', muted: true, until } } });
      await expect(silence).toHaveAttribute('data-why', 'muted');
      await expectAccessible(page, 'muted');
      gateway.say({ type: 'sys', sys: { type: 'muted', muted: { room: 'design', muted: false } } });
      gateway.say({ type: 'sys', sys: { type: 'roomChanged', roomChanged: { room: 'design', write: 'moderators' } } });
      await expect(silence).toHaveAttribute('data-why', 'readOnly');
      await expectAccessible(page, 'read only');
      for (const why of ['closed', 'banned'] as const) {
        gateway.say({ type: 'sys', sys: { type: 'removed', removed: { room: 'design', why, until } } });
        await expect(silence).toHaveAttribute('data-why', why);
        await expectAccessible(page, why);
      }
      await stage.close();
    });

    test('the connection', async ({ browser }) => {
      const gateway = new ScriptedGateway();
      for (let index = 1; index <= 40; index += 1) gateway.speak(GENERAL, ann, `message ${index}`, NOW);
      const stage = await openSignedIn(browser, options, gateway);
      const { page, chat } = stage;
      const banner = page.getByTestId('banner');
      await page.getByTestId('timeline').evaluate((element) => {
        element.scrollTop -= 600;
      });
      const latest = page.getByTestId('jump-to-latest');
      await expect(latest).toBeVisible();
      gateway.speak(GENERAL, ben, 'further down', NOW);
      await expect(latest).toHaveText('1 new message');
      gateway.say({ type: 'sys', sys: { type: 'sending', sending: { paused: true } } });
      await expect(banner).toContainText('Sending is paused');
      await chat.say('kept');
      await expectAccessible(page, 'paused');
      gateway.accepts = false;
      await gateway.end(1013);
      await expect(banner).toContainText('The server is full right now');
      await expectAccessible(page, 'full');
      gateway.accepts = true;
      await page.getByTestId('retry-now').click();
      await chat.ready();
      await gateway.end(1009);
      await expect(banner).toContainText('The server refused what this page sent');
      await expectAccessible(page, 'stopped');
      await page.getByTestId('retry-now').click();
      await chat.ready();
      gateway.say({ type: 'sys', sys: { type: 'signedOut', signedOut: { why: 'sessionEnded' } } });
      await expect(page.getByTestId('session-ended')).toBeVisible();
      await expectAccessible(page, 'session ended');
      await stage.close();
    });
  });
}
