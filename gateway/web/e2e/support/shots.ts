import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';

/**
 * Where pictures go: with UPDATE_SCREENSHOTS=1 to the folder that is committed, otherwise to the
 * ignored results, so that a mere test run changes nothing.
 */
const FOLDER = join(
  import.meta.dirname,
  process.env['UPDATE_SCREENSHOTS'] === '1' ? '../../screenshots' : '../../test-results/screenshots',
);

export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  // Nothing is pointed at; the caret and animations are not what a picture is about.
  await page.mouse.move(0, 0);
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled', caret: 'hide' });
}
