import { useEffect, useState, type SubmitEvent } from 'react';
import { namedRoom } from '../../state/index.ts';
import { Dialog } from '../Dialog.tsx';
import { useDialogs } from '../dialogs.ts';
import { Icon } from '../Icon.tsx';
import { useApp, useSelect } from '../useApp.ts';
import { errorText, text } from '../text.ts';

interface RoomBrowserProps {
  onClose: () => void;
  onOpened: () => void;
}

/** Finds, joins and creates named rooms. */
export default function RoomBrowser({ onClose, onOpened }: RoomBrowserProps) {
  const app = useApp();
  const openDialog = useDialogs();
  const directory = useSelect((state) => state.directory);
  const joined = useSelect((state) => state.rooms);
  const mayCreate = useSelect((state) => state.server?.createRooms !== false);
  const [query, setQuery] = useState('');
  const name = query.trim();
  const wanted = name.toLocaleLowerCase();
  const shown = directory.rooms.filter(({ room }) => room.toLocaleLowerCase().includes(wanted));
  const isKnown = directory.rooms.some(({ room }) => namedRoom(room) === namedRoom(name));
  const canCreate = mayCreate && name !== '' && !isKnown;

  useEffect(() => {
    app.loadDirectory();
  }, [app]);

  const open = (room: string): void => {
    app.openNamed(room);
    onOpened();
  };

  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const only = shown.length === 1 ? shown[0] : undefined;
    if (isKnown || canCreate) open(name);
    else if (only !== undefined) open(only.room);
  };

  return (
    <Dialog title={text.dialogs.browser.title} testId="room-browser" onClose={onClose}>
      <form className="browser-search" onSubmit={submit}>
        <Icon name="search" />
        <input
          data-autofocus
          value={query}
          maxLength={64}
          placeholder={text.dialogs.browser.search}
          aria-label={text.dialogs.browser.search}
          data-testid="room-search"
          onChange={(event) => {
            setQuery(event.target.value);
          }}
        />
      </form>
      <ul className="list list-tall" aria-busy={directory.loading}>
        {canCreate && (
          <li>
            <button
              type="button"
              className="row row-create"
              data-testid="create-room"
              onClick={() => {
                open(name);
              }}
            >
              <span className="row-mark" aria-hidden="true">
                <Icon name="plus" />
              </span>
              <span className="row-name">{text.dialogs.browser.create(name)}</span>
            </button>
          </li>
        )}
        {shown.map(({ room, users, access }) => (
          <li key={room}>
            <button
              type="button"
              className="row"
              data-testid="directory-row"
              data-name={room}
              onClick={() => {
                open(room);
              }}
            >
              <span className="row-mark" aria-hidden="true">
                <Icon name={access === undefined ? 'hash' : 'lock'} />
              </span>
              <span className="row-name" dir="auto">
                {room}
              </span>
              {joined[namedRoom(room)] !== undefined && <span className="chip">{text.dialogs.browser.joined}</span>}
              <span className="row-note">{text.dialogs.browser.occupancy(users)}</span>
            </button>
          </li>
        ))}
        {mayCreate && (
          <li>
            <button
              type="button"
              className="row row-more"
              data-testid="create-with-settings"
              onClick={() => {
                openDialog({ kind: 'createRoom', name });
              }}
            >
              {text.dialogs.create.open}
            </button>
          </li>
        )}
        <BrowserFoot shown={shown.length} canCreate={canCreate} mayCreate={mayCreate} />
      </ul>
    </Dialog>
  );
}

function BrowserFoot({ shown, canCreate, mayCreate }: { shown: number; canCreate: boolean; mayCreate: boolean }) {
  const app = useApp();
  const directory = useSelect((state) => state.directory);
  if (directory.error !== null) {
    return (
      <li className="list-empty">
        <p role="alert">{errorText(directory.error)}</p>
        <button
          type="button"
          className="button button-quiet"
          onClick={() => {
            app.loadDirectory();
          }}
        >
          {text.dialogs.browser.refresh}
        </button>
      </li>
    );
  }
  if (directory.loading && directory.rooms.length === 0) return <li className="list-empty">{text.dialogs.browser.loading}</li>;
  if (directory.rooms.length < directory.total) {
    return (
      <li>
        <button
          type="button"
          className="row row-more"
          disabled={directory.loading}
          onClick={() => {
            app.loadDirectory(directory.rooms.length);
          }}
        >
          {text.dialogs.browser.more}
        </button>
      </li>
    );
  }
  if (shown > 0 || canCreate) return null;
  const empty = mayCreate ? text.dialogs.browser.empty : text.dialogs.browser.emptyFixed;
  return <li className="list-empty">{directory.rooms.length === 0 ? empty : text.dialogs.browser.noMatch}</li>;
}
