import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';

/**
 * Where pictures go: with UPDATE_SCREENSHOTS=1 to the folder that is committed, otherwise to the
 * ignored results, so that a mere test run changes nothing.
 */
const RESULTS = join(import.meta.dirname, '../../test-results/screenshots');
const FOLDER = process.env['UPDATE_SCREENSHOTS'] === '1' ? join(import.meta.dirname, '../../screenshots') : RESULTS;

/** `isKept`: not only to be looked at, but to be shown. */
export async function shoot(page: Page, name: string, isKept = true): Promise<void> {
  const folder = isKept ? FOLDER : RESULTS;
  mkdirSync(folder, { recursive: true });
  // Nothing is pointed at; the caret and animations are not what a picture is about.
  await page.mouse.move(0, 0);
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled', caret: 'hide' });
}
