import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App, browserEnvironment, browserHttp, browserStorage, Client, SessionStore, systemClock } from '../state/index.ts';
import { browserDesk, Notifier } from './notifier.ts';
import { Page } from './Page.tsx';
import { speakBrowser, text } from './text.ts';
import { AppContext } from './useApp.ts';
import { NotifierContext } from './useNotifier.ts';
import { titleOf } from './useRoomTitle.ts';
import './styles/index.css';

/** A hidden page draws no pictures, so it is told of changes by a timer. */
const HIDDEN_NOTIFY_MS = 200;

const tab = browserStorage(() => sessionStorage);
const shared = browserStorage(() => localStorage);
const client = new Client({ env: browserEnvironment(), sessions: new SessionStore(tab, shared), tab });
const app = new App({
  client,
  clock: systemClock,
  shared,
  tab,
  http: browserHttp,
  releasePreview: (address) => {
    URL.revokeObjectURL(address);
  },
  alert(alert) {
    notifier.tell(alert);
  },
  schedule(notify) {
    if (document.visibilityState === 'visible') requestAnimationFrame(notify);
    else setTimeout(notify, HIDDEN_NOTIFY_MS);
  },
});

const notifier = new Notifier({
  desk: browserDesk,
  storage: shared,
  titleOf: ({ kind, room, by }) => text.alerts.title(by, kind === 'private' ? null : titleOf(app.store.getState(), room)),
  bodyOf: ({ text: words, kind }) => (words === null ? text.alerts.unseen[kind] : words === '' ? text.alerts.photo : words),
  onOpen: (room) => {
    app.open(room);
  },
});
// Also what was read on another device.
app.store.subscribe(() => {
  const { attentive, rooms } = app.store.getState();
  notifier.withdraw((room) => attentive || rooms[room]?.unread === 0);
});

window.addEventListener('storage', (event) => {
  client.onStorage(event);
});
window.addEventListener('pagehide', () => {
  app.save();
});
document.addEventListener('visibilitychange', () => {
  app.setAttentive(document.visibilityState === 'visible');
});
app.setAttentive(document.visibilityState === 'visible');

/** Begins when there are words: nothing is drawn, and nobody told of anything, before. */
function begin(): void {
  const root = document.getElementById('root');
  if (root === null) throw new Error('the page has no #root');
  app.start();
  createRoot(root).render(
    <StrictMode>
      <AppContext value={app}>
        <NotifierContext value={notifier}>
          <Page />
        </NotifierContext>
      </AppContext>
    </StrictMode>,
  );
}

void speakBrowser().then(begin);
