import { lazy, Suspense } from 'react';
import type { DialogName } from './dialogs.ts';
import { DialogMishap, Mishap } from './Mishap.tsx';

// Each with a chunk of its own, so that the page itself is soon there.
const AuditDialog = lazy(() => import('./dialogs/AuditDialog.tsx'));
const CreateRoomDialog = lazy(() => import('./dialogs/CreateRoomDialog.tsx'));
const EmojiDialog = lazy(() => import('./dialogs/EmojiDialog.tsx'));
const Lightbox = lazy(() => import('./dialogs/Lightbox.tsx'));
const MessageDialog = lazy(() => import('./dialogs/MessageDialog.tsx'));
const PeopleDialog = lazy(() => import('./dialogs/PeopleDialog.tsx'));
const PersonDialog = lazy(() => import('./dialogs/PersonDialog.tsx'));
const PollDialog = lazy(() => import('./dialogs/PollDialog.tsx'));
const ProfileDialog = lazy(() => import('./dialogs/ProfileDialog.tsx'));
const RoomBrowser = lazy(() => import('./dialogs/RoomBrowser.tsx'));
const RoomDialog = lazy(() => import('./dialogs/RoomDialog.tsx'));
const Switcher = lazy(() => import('./dialogs/Switcher.tsx'));

interface DialogHostProps {
  dialog: DialogName;
  onClose: () => void;
  /** A room was opened from it. */
  onOpened: () => void;
}

export function DialogHost(props: DialogHostProps) {
  return (
    <Mishap key={props.dialog.kind} fallback={<DialogMishap onClose={props.onClose} />}>
      <Suspense fallback={null}>
        <Named {...props} />
      </Suspense>
    </Mishap>
  );
}

function Named({ dialog, onClose, onOpened }: DialogHostProps) {
  switch (dialog.kind) {
    case 'rooms':
      return <RoomBrowser onClose={onClose} onOpened={onOpened} />;
    case 'switcher':
      return <Switcher onClose={onClose} onOpened={onOpened} />;
    case 'createRoom':
      return <CreateRoomDialog name={dialog.name} onClose={onClose} onOpened={onOpened} />;
    case 'room':
      return <RoomDialog room={dialog.room} tab={dialog.tab ?? 'about'} onClose={onClose} onOpened={onOpened} />;
    case 'people':
      return <PeopleDialog onClose={onClose} onOpened={onOpened} />;
    case 'person':
      return <PersonDialog uuid={dialog.uuid} onClose={onClose} onOpened={onOpened} />;
    case 'profile':
      return <ProfileDialog onClose={onClose} />;
    case 'audit':
      return <AuditDialog onClose={onClose} />;
    case 'poll':
      return <PollDialog onClose={onClose} />;
    case 'emoji':
      return <EmojiDialog onPick={dialog.onPick} onClose={onClose} />;
    case 'photos':
      return <Lightbox room={dialog.room} uuid={dialog.uuid} onClose={onClose} />;
    case 'delete':
    case 'report':
    case 'closePoll':
      return <MessageDialog kind={dialog.kind} message={dialog.message} onClose={onClose} />;
  }
}
