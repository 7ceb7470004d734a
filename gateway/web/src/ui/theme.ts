export type Theme = 'system' | 'light' | 'dark';

/** `public/theme.js` reads it before anything is drawn. */
const THEME_KEY = 'parlor.theme';
const ORDER: readonly Theme[] = ['system', 'light', 'dark'];

export function currentTheme(): Theme {
  const { theme } = document.documentElement.dataset;
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}

export function nextTheme(theme: Theme): Theme {
  return ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length] ?? 'system';
}

export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  try {
    localStorage.setItem(THEME_KEY, theme);
  } catch {
    // Then it lasts until the page is closed.
  }
}
