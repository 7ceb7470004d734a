/** Writes `.br` and `.gz` beside what was built, for the gateway to answer with. */

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const COMPRESSIBLE = /\.(?:css|html|ico|js|json|map|mjs|svg|txt|wasm|webmanifest|xml)$/u;
/** A form that saves less than this isn't worth its place in the gateway. */
const LEAST_SAVED_BYTES = 64;

const FORMS = [
  {
    suffix: '.br',
    compress: (content: Buffer): Promise<Buffer> =>
      promisify(brotliCompress)(content, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
          [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
          [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
        },
      }),
  },
  {
    suffix: '.gz',
    compress: (content: Buffer): Promise<Buffer> => promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION }),
  },
];

async function compressFile(path: string): Promise<void> {
  const content = await readFile(path);
  await Promise.all(
    FORMS.map(async ({ suffix, compress }) => {
      const compressed = await compress(content);
      if (compressed.length + LEAST_SAVED_BYTES <= content.length) await writeFile(path + suffix, compressed);
    }),
  );
}

export function compressBuild(): Plugin {
  let folder = '';
  return {
    name: 'parlor:compress',
    apply: 'build',
    configResolved({ root, build }) {
      folder = join(root, build.outDir);
    },
    // When everything is written, what is copied from `public` too.
    async closeBundle() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile() && COMPRESSIBLE.test(entry.name));
      await Promise.all(files.map((entry) => compressFile(join(entry.parentPath, entry.name))));
    },
  };
}
