/** Whether what a page shows now can be used by everybody, as far as a program can tell. */

import { expect, type Page } from '@playwright/test';
import axe, { type AxeResults, type RunOptions } from 'axe-core';

/** The laws' rules, and those of good practice. Frames there are none. */
const OPTIONS: RunOptions = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  resultTypes: ['violations'],
  iframes: false,
};

/** `state` names what is shown, for whoever reads the failure. */
export async function expectAccessible(page: Page, state: string): Promise<void> {
  const isLoaded = await page.evaluate(() => 'axe' in window);
  if (!isLoaded) await page.evaluate(axe.source);
  const violations = await page.evaluate(async (options) => {
    const checker = (window as unknown as { axe: { run: (where: Document, how: object) => Promise<AxeResults> } }).axe;
    const results = await checker.run(document, options);
    return results.violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${help}\n${html.slice(0, 300)}\n${failureSummary ?? ''}`),
    );
  }, OPTIONS);
  expect.soft(violations, `what axe finds in "${state}"`).toEqual([]);
}
