/** The page says what is the matter, what becomes of what one wrote, and what can be done. */

import { expect, test } from '@playwright/test';
import { GENERAL } from '@parlor/client/protocol';
import { expectAccessible } from './support/axe.ts';
import { ann, openDesign, scene } from './support/scene.ts';
import { DESKTOP, NOW, theatre } from './support/stage.ts';

/** What the tests break themselves. */
const OWN_DOING = /broken by the test|Failed to load resource|dynamically imported module|error boundary/u;
const { openSignedIn } = theatre((text) => OWN_DOING.test(text));

test('a restart is counted down, for eyes every second and for ears once', async ({ browser }) => {
  const stage = await openSignedIn(browser, DESKTOP, scene());
  const { page, gateway, chat } = stage;
  gateway.say({ type: 'sys', sys: { type: 'reconnect', reconnect: { delayMs: 60_000 } } });
  const words = page.locator('.banner-words [aria-hidden]');
  const read = page.locator('.banner-words .visually-hidden');
  await expect(words).toHaveText('The server is restarting. Reconnecting in 60 seconds.');
  await expect(page.getByTestId('queued')).toHaveCount(0);
  await chat.say('one');
  await chat.say('two');
  await expect(page.getByTestId('queued')).toHaveText('2 messages wait to be sent.');
  await page.clock.setFixedTime(NOW.getTime() + 25_000);
  await expect(words).toHaveText('The server is restarting. Reconnecting in 35 seconds.');
  await expect(read).toHaveText('The server is restarting. Reconnecting in 60 seconds.');
  await page.getByTestId('retry-now').click();
  await chat.ready();
  await chat.sees('two', gateway.me.Username);
  await expect(page.getByTestId('banner')).toBeEmpty();
  await stage.close();
});

test('without a network messages wait, are counted, and go out when it is back', async ({ browser }) => {
  const stage = await openSignedIn(browser, DESKTOP, scene());
  const { page, gateway, chat } = stage;
  const banner = page.getByTestId('banner');
  gateway.accepts = false;
  await gateway.end(1011);
  await expect(banner).toContainText('Connection lost.');
  await page.context().setOffline(true);
  await expect(banner).toContainText('You’re offline. What you write is kept and sent later.');
  await chat.say('from the tunnel');
  await expect(page.getByTestId('outgoing')).toContainText('Waiting to be sent');
  await expect(page.getByTestId('queued')).toHaveText('1 message waits to be sent.');
  await expectAccessible(page, 'offline');
  gateway.accepts = true;
  await page.context().setOffline(false);
  await chat.ready();
  await chat.sees('from the tunnel', gateway.me.Username);
  await stage.close();
});

test('who signs out in one tab reads so in the other', async ({ browser }) => {
  const gateway = scene();
  const stage = await openSignedIn(browser, DESKTOP, gateway);
  const other = await stage.page.context().newPage();
  const second = scene();
  await second.attach(other);
  await other.goto(stage.page.url());
  await expect(other.getByTestId('banner')).toHaveAttribute('data-status', 'ready');
  await stage.page.getByTestId('sign-out').click();
  await expect(other.getByTestId('session-ended')).toHaveText('You signed out in another tab.');
  await expect(stage.page.getByTestId('sign-in-form')).toBeVisible();
  await expect(stage.page.getByTestId('session-ended')).toHaveCount(0);
  await stage.close();
});

test('a room that was closed says so, and can be taken off the list', async ({ browser }) => {
  const stage = await openSignedIn(browser, DESKTOP, scene());
  const { page, gateway } = stage;
  await openDesign(stage);
  gateway.say({ type: 'sys', sys: { type: 'removed', removed: { room: 'design', why: 'closed' } } });
  await expect(page.getByTestId('silence')).toContainText('This room was closed.');
  await page.getByTestId('take-off').click();
  await expect(page.getByTestId('room-row')).toHaveCount(1);
  await stage.close();
});

test('a dialog that the server has no more leaves the chat as it is, and says what to do', async ({ browser }) => {
  const stage = await openSignedIn(browser, DESKTOP, scene());
  const { page, chat, gateway } = stage;
  await page.route('**/assets/PollDialog-*.js', (route) => route.fulfill({ status: 404 }));
  await page.getByTestId('new-poll').click();
  await expect(page.getByTestId('notices')).toContainText('The server may have a newer version of the page: reload it.');
  await chat.say('still here');
  await chat.sees('still here', gateway.me.Username);
  await stage.close();
});

test('an error of the page’s own is told, and what was written outlives it', async ({ browser }) => {
  const stage = await openSignedIn(browser, DESKTOP, scene());
  const { page, chat, gateway } = stage;
  await page.getByTestId('message-input').fill('Half a thought');
  await page.evaluate(() => {
    Date.prototype.toLocaleTimeString = () => {
      throw new Error('broken by the test');
    };
  });
  gateway.speak(GENERAL, ann, 'hello', NOW);
  await expect(page.getByTestId('page-mishap')).toContainText('What you wrote is kept.');
  await expectAccessible(page, 'mishap');
  await page.getByTestId('reload').click();
  await chat.ready();
  await expect(page.getByTestId('message-input')).toHaveValue('Half a thought');
  await expect(chat.messages('hello')).toBeVisible();
  await stage.close();
});
