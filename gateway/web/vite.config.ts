import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { compressBuild } from './compress.ts';

// The gateway that `npm run dev` talks to.
const DEV_GATEWAY = 'http://localhost:5555';

/** The page is built of the client's sources, not of what its package ships. */
const client = (path: string): string => fileURLToPath(new URL(`src/client/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@parlor\/client$/u, replacement: client('index.ts') },
      { find: /^@parlor\/client\/protocol$/u, replacement: client('protocol/index.ts') },
    ],
  },
  plugins: [compressBuild()],
  build: {
    target: 'es2022',
    // The first versions that know `light-dark()`, from 2024.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // The gateway's content security policy allows nothing inline, not even `data:`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { '/ws': { target: DEV_GATEWAY, ws: true, changeOrigin: true } },
  },
  test: {
    include: ['src/**/*.test.{ts,tsx}'],
    environment: 'node',
  },
});
