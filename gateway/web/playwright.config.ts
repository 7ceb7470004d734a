import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

/**
 * The system's Chromium, kept from calling home. The one without windows costs half as much CPU time
 * as the one for a desktop, whose window nobody sees.
 */
const WINDOWLESS = '/usr/bin/chromium-headless-shell';
const CHROMIUM = process.env['PARLOR_CHROMIUM'] ?? (existsSync(WINDOWLESS) ? WINDOWLESS : '/usr/bin/chromium');
const CHROMIUM_FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** These measure, and bear no company. */
const MEASURING = /(?:flood|weight)\.spec\.ts$/u;

export default defineConfig({
  testDir: 'e2e',
  // A file's tests share gateways, and kill them; files share nothing. `--workers 2` runs two files at once.
  workers: 1,
  fullyParallel: false,
  projects: [
    { name: 'page', testIgnore: MEASURING },
    { name: 'measuring', testMatch: MEASURING, workers: 1 },
  ],
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    // To record what a test did costs a quarter of the time, and nobody fetches it from a machine of CI's.
    trace: process.env['CI'] === undefined ? 'retain-on-failure' : 'off',
    launchOptions: { executablePath: CHROMIUM, args: CHROMIUM_FLAGS },
  },
});
