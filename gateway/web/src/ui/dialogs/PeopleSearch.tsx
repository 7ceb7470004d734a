import { useEffect, useState } from 'react';
import type { ErrorBody, User } from '../../state/index.ts';
import { Avatar } from '../Avatar.tsx';
import { Icon } from '../Icon.tsx';
import { text } from '../text.ts';
import { useApp, useSelect } from '../useApp.ts';
import { Problem } from './Parts.tsx';

/** The server is asked when nobody has typed for this long. */
const ASK_AFTER_MS = 200;

interface PeopleSearchProps {
  onPick: (user: User) => void;
}

/** Finds users by the beginning of their names, on the whole server. */
export function PeopleSearch({ onPick }: PeopleSearchProps) {
  const app = useApp();
  const me = useSelect((state) => state.me?.userUUID);
  const [query, setQuery] = useState('');
  const [found, setFound] = useState<{ query: string; users: User[]; error: ErrorBody | null } | null>(null);
  const wanted = query.trim();

  useEffect(() => {
    if (wanted === '') return;
    let isCurrent = true;
    const timer = setTimeout(() => {
      void app.account.find(wanted).then((result) => {
        if (!isCurrent) return;
        setFound(result.ok ? { query: wanted, users: result.value, error: null } : { query: wanted, users: [], error: result.error });
      });
    }, ASK_AFTER_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [app, wanted]);

  const isCurrent = found?.query === wanted;
  const users = wanted === '' ? [] : (found?.users ?? []).filter(({ UUID }) => UUID !== me);
  return (
    <div className="people-search">
      <div className="browser-search">
        <Icon name="search" />
        <input
          data-autofocus
          // Not of the type "search": there Escape would empty it, and not close the dialog.
          role="searchbox"
          value={query}
          placeholder={text.people.label}
          aria-label={text.people.label}
          data-testid="people-search"
          onChange={(event) => {
            setQuery(event.target.value);
          }}
        />
      </div>
      <Problem error={isCurrent ? found.error : null} />
      <ul className="list list-tall" aria-busy={!isCurrent && wanted !== ''}>
        {users.map((user) => {
          const name = user.DisplayName ?? user.Username;
          return (
            <li key={user.UUID}>
              <button
                type="button"
                className="row"
                data-testid="found-person"
                data-name={user.Username}
                onClick={() => {
                  onPick(user);
                }}
              >
                <Avatar id={user.UUID} name={name} online={user.OnLine ?? false} />
                <span className="row-name" dir="auto">
                  {name}
                </span>
                {name !== user.Username && <span className="row-note">{user.Username}</span>}
                {user.Guest === true && <span className="row-note">{text.nav.guest}</span>}
              </button>
            </li>
          );
        })}
        {users.length === 0 && (
          <li className="list-empty">
            <span role="status">{wanted === '' ? text.people.hint : isCurrent ? text.people.none : text.people.searching}</span>
          </li>
        )}
      </ul>
    </div>
  );
}
