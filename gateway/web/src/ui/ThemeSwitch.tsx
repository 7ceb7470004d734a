import { useState } from 'react';
import { Icon, type IconName } from './Icon.tsx';
import { text } from './text.ts';
import { applyTheme, currentTheme, nextTheme, type Theme } from './theme.ts';

const ICONS: Record<Theme, IconName> = { system: 'system', light: 'sun', dark: 'moon' };

export function ThemeSwitch() {
  const [theme, setTheme] = useState(currentTheme);
  const label = text.nav.theme[theme];
  return (
    <button
      type="button"
      className="icon-button"
      data-testid="theme-switch"
      aria-label={label}
      title={label}
      onClick={() => {
        const next = nextTheme(theme);
        applyTheme(next);
        setTheme(next);
      }}
    >
      <Icon name={ICONS[theme]} />
    </button>
  );
}
