import { useEffect, useRef, useState } from 'react';
import { Banner } from './Banner.tsx';
import { ComposerPlace } from './Composer.tsx';
import { DialogHost } from './DialogHost.tsx';
import { DialogContext, type DialogName } from './dialogs.ts';
import { Header } from './Header.tsx';
import { Notices } from './Notices.tsx';
import { Sidebar } from './Sidebar.tsx';
import { silenceOf } from '../state/index.ts';
import { text } from './text.ts';
import { Timeline } from './Timeline.tsx';
import { useDrop } from './useDrop.ts';
import { useMediaQuery } from './useMediaQuery.ts';
import { usePhotoPicker } from './usePhotoPicker.ts';
import { useSelect } from './useApp.ts';
import { useSwitcherKeys } from './useSwitcherKeys.ts';
import { useTitleBadge } from './useTitleBadge.ts';

export function Chat() {
  const active = useSelect((state) => state.active);
  const isNarrow = useMediaQuery('(max-width: 760px)');
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const [dialog, setDialog] = useState<DialogName | null>(null);
  const photos = usePhotoPicker(active);
  const maySend = useSelect((state) => silenceOf(state, state.rooms[state.active], Date.now()) === null);
  const drop = useDrop(photos.isOn && maySend, photos.add);
  useTitleBadge();
  useSwitcherKeys(setDialog);
  const menuButton = useRef<HTMLButtonElement>(null);
  const isDrawer = isNarrow && isDrawerOpen;

  const closeDrawer = (): void => {
    setDrawerOpen(false);
  };

  useEffect(() => {
    if (!isDrawer) return;
    const onKey = (event: KeyboardEvent): void => {
      // A dialog over the drawer closes first.
      if (event.key === 'Escape' && document.querySelector('dialog[open]') === null) setDrawerOpen(false);
    };
    window.addEventListener('keydown', onKey);
    const button = menuButton.current;
    return () => {
      window.removeEventListener('keydown', onKey);
      // Only now, when the room beside the drawer takes the focus again.
      button?.focus();
    };
  }, [isDrawer]);

  return (
    <DialogContext value={setDialog}>
    <div className={isDrawer ? 'chat chat-drawer-open' : 'chat'} data-testid="chat">
      <Sidebar isDrawer={isNarrow} isOpen={!isNarrow || isDrawerOpen} onClose={closeDrawer} />
      {isDrawer && <div className="scrim" onClick={closeDrawer} data-testid="scrim" />}
      <main className="room" inert={isDrawer} {...drop.handlers}>
        <Header
          menuButton={menuButton}
          isDrawerOpen={isDrawerOpen}
          onMenu={() => {
            setDrawerOpen(true);
          }}
        />
        <Banner />
        <Timeline key={`timeline-${active}`} />
        <ComposerPlace key={`composer-${active}`} />
        {drop.isOver && (
          <div className="drop-target" data-testid="drop-target">
            <p>{text.photo.drop}</p>
          </div>
        )}
      </main>
      {dialog !== null && (
        <DialogHost
          dialog={dialog}
          onClose={() => {
            // One dialog may open the next, which must not be closed with it.
            setDialog((current) => (current === dialog ? null : current));
          }}
          onOpened={() => {
            setDialog(null);
            setDrawerOpen(false);
          }}
        />
      )}
      <Notices />
    </div>
    </DialogContext>
  );
}
