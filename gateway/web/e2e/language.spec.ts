/** The page in another language than English. */

import { expect, test } from '@playwright/test';
import { expectAccessible } from './support/axe.ts';
import { openDesign, scene } from './support/scene.ts';
import { shoot } from './support/shots.ts';
import { DESKTOP, signIn, theatre } from './support/stage.ts';

const { open } = theatre();

test('speaks the browser’s language until somebody chooses another, and the choice stays', async ({ browser }) => {
  const stage = await open(browser, { ...DESKTOP, locale: 'de-DE' }, scene());
  const { page } = stage;
  const lang = page.locator('html');
  await expect(lang).toHaveAttribute('lang', 'de');
  await expect(page.getByTestId('submit')).toHaveText('Anmelden');
  await signIn(stage);
  await openDesign(stage);
  await expect(page.getByTestId('message-input')).toHaveAttribute('placeholder', 'Nachricht an design');
  await expect(page.getByTestId('day').last()).toHaveText('Heute');
  await expectAccessible(page, 'in German');
  await shoot(page, 'german-desktop-light');

  // Another language is spoken at once, in the dialog as in the rows behind it.
  await page.getByTestId('my-profile').click();
  await page.getByTestId('language').selectOption('English');
  await expect(page.getByTestId('save-profile')).toHaveText('Save');
  await expect(lang).toHaveAttribute('lang', 'en');
  await expect(page.getByTestId('deleted')).toContainText('This message was deleted');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('message-input')).toHaveAttribute('placeholder', 'Message design');
  await page.reload();
  await expect(page.getByTestId('room-title')).toHaveText('design');
  await expect(page.getByTestId('day').last()).toHaveText('Today');
  await stage.close();
});

test('loads the words of no other language', async ({ browser }) => {
  const stage = await open(browser, { ...DESKTOP, locale: 'de-DE' });
  const asked: string[] = [];
  stage.page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await stage.page.reload();
  await expect(stage.page.getByTestId('submit')).toHaveText('Anmelden');
  expect(asked.filter((path) => /\/(?:de|en)-/u.test(path))).toEqual([expect.stringMatching(/\/de-/u)]);
  await stage.close();
});
