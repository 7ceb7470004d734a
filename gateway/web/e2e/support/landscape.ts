/** Photos for pictures of the page: drawn, so that no file is needed. */

import type { Page } from '@playwright/test';

function landscape(sky: string, hill: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="1000" viewBox="0 0 1600 1000">
    <defs><linearGradient id="s" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${sky}"/><stop offset="1" stop-color="#f8ead2"/></linearGradient></defs>
    <rect width="1600" height="1000" fill="url(#s)"/><circle cx="1180" cy="360" r="110" fill="#fff3d6"/>
    <path d="M0 700 Q400 480 800 660 T1600 560 V1000 H0z" fill="${hill}"/><path d="M0 840 Q500 660 900 800 T1600 740 V1000 H0z" fill="#2c4a42"/></svg>`;
}

/** Answers requests for photos with one of two views. */
export async function servePhotos(page: Page): Promise<void> {
  await page.route('**/photos/*/*', (route) =>
    route.fulfill({
      contentType: 'image/svg+xml',
      body: route.request().url().includes('evening') ? landscape('#6d6bb0', '#55527f') : landscape('#7db6d8', '#6f9a7c'),
    }),
  );
}
