import { useEffect } from 'react';
import { totalUnread } from '../state/index.ts';
import { text } from './text.ts';
import { useSelect } from './useApp.ts';

const MOST_COUNTED = 99;

/** Says in the browser's tab how much is unread. */
export function useTitleBadge(): void {
  const unread = useSelect(totalUnread);
  useEffect(() => {
    const count = unread > MOST_COUNTED ? `${MOST_COUNTED}+` : String(unread);
    document.title = unread === 0 ? text.product : `(${count}) ${text.product}`;
    return () => {
      document.title = text.product;
    };
  }, [unread]);
}
