import { useEffect, useRef, useState } from 'react';
import { Banner } from './Banner.tsx';
import { Composer } from './Composer.tsx';
import { Header } from './Header.tsx';
import { Notices } from './Notices.tsx';
import { RoomBrowser } from './RoomBrowser.tsx';
import { Sidebar } from './Sidebar.tsx';
import { Timeline } from './Timeline.tsx';
import { useMediaQuery } from './useMediaQuery.ts';
import { useSelect } from './useApp.ts';

export function Chat() {
  const active = useSelect((state) => state.active);
  const isNarrow = useMediaQuery('(max-width: 760px)');
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const [isBrowsing, setBrowsing] = useState(false);
  const menuButton = useRef<HTMLButtonElement>(null);
  const isDrawer = isNarrow && isDrawerOpen;

  const closeDrawer = (): void => {
    setDrawerOpen(false);
  };

  useEffect(() => {
    if (!isDrawer) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') setDrawerOpen(false);
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
    <div className={isDrawer ? 'chat chat-drawer-open' : 'chat'} data-testid="chat">
      <Sidebar
        isDrawer={isNarrow}
        isOpen={!isNarrow || isDrawerOpen}
        onClose={closeDrawer}
        onBrowse={() => {
          setBrowsing(true);
        }}
      />
      {isDrawer && <div className="scrim" onClick={closeDrawer} data-testid="scrim" />}
      <main className="room" inert={isDrawer}>
        <Header
          menuButton={menuButton}
          isDrawerOpen={isDrawerOpen}
          onMenu={() => {
            setDrawerOpen(true);
          }}
        />
        <Banner />
        <Timeline key={`timeline-${active}`} />
        <Composer key={`composer-${active}`} />
      </main>
      {isBrowsing && (
        <RoomBrowser
          onClose={() => {
            setBrowsing(false);
          }}
          onOpened={() => {
            setBrowsing(false);
            setDrawerOpen(false);
          }}
        />
      )}
      <Notices />
    </div>
  );
}
