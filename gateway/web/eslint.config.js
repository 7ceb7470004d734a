import js from '@eslint/js';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** The layers, lowest first: each may import those before it, and itself. The first two are the package `@parlor/client`. */
const LAYERS = ['client/protocol', 'client/net', 'state', 'ui'];

const BROWSER_ONLY = [
  'window',
  'document',
  'navigator',
  'location',
  'localStorage',
  'sessionStorage',
  'WebSocket',
  'XMLHttpRequest',
  'alert',
  'requestAnimationFrame',
];

/** Forbids the layer to import what stands above it, and anything of React below `ui`. */
function layer(name) {
  const above = LAYERS.slice(LAYERS.indexOf(name) + 1);
  const patterns = above.map((other) => ({
    regex: `(^|/)${other.replace('client/', '')}(/|$)`,
    message: `${name} must not import ${other}: protocol ← net ← state ← ui`,
  }));
  if (name !== 'ui') {
    patterns.push({ regex: '^react', message: `${name} knows nothing of React` });
  }
  return {
    files: [`src/${name}/**/*.{ts,tsx}`],
    rules: { 'no-restricted-imports': ['error', { patterns }] },
  };
}

export default tseslint.config(
  { ignores: ['**/dist', 'node_modules', 'playwright-report', 'test-results'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  { files: ['eslint.config.js', 'public/*.js'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['public/*.js'],
    languageOptions: { globals: { document: 'readonly', localStorage: 'readonly' } },
  },
  ...LAYERS.map(layer),
  {
    // The package runs in Node too, and without what the page is.
    files: ['src/client/**/*.ts'],
    ignores: ['src/client/**/*.test.ts', 'src/client/net/browser.ts'],
    rules: {
      'no-restricted-globals': ['error', ...BROWSER_ONLY.map((name) => ({ name, message: 'Only net/browser.ts knows of a browser.' }))],
    },
  },
  {
    files: ['src/client/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: '^react|^[.][.]/|^@parlor/', message: 'The client imports nothing outside of its package.' }] }],
    },
  },
  { files: ['src/**/*.tsx'], ...reactHooks.configs.flat.recommended },
  {
    // A server policy without `unsafe-inline` is kept by never writing styles inline.
    files: ['src/ui/**/*.tsx'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'JSXAttribute[name.name="style"]', message: 'Use a class, not an inline style.' },
        { selector: 'JSXAttribute[name.name="dangerouslySetInnerHTML"]', message: 'Never raw HTML.' },
        { selector: 'JSXText[value=/\\p{L}/u]', message: 'Words belong to the languages, in `words`.' },
        { selector: 'JSXExpressionContainer > Literal[value=/\\p{L}{2}/u]', message: 'Words belong to the languages, in `words`.' },
        {
          selector: 'JSXAttribute[name.name=/^(aria-label|aria-description|title|placeholder|alt|label)$/] > Literal[value=/\\p{L}/u]',
          message: 'Words belong to the languages, in `words`.',
        },
      ],
    },
  },
);
