import { Dialog } from '../Dialog.tsx';
import { text } from '../text.ts';
import { useApp } from '../useApp.ts';
import { PeopleSearch } from './PeopleSearch.tsx';

interface PeopleDialogProps {
  onClose: () => void;
  onOpened: () => void;
}

/** Finds somebody to write to. */
export default function PeopleDialog({ onClose, onOpened }: PeopleDialogProps) {
  const app = useApp();
  return (
    <Dialog title={text.people.title} testId="people-dialog" onClose={onClose}>
      <PeopleSearch
        onPick={({ UUID }) => {
          app.openPrivate(UUID);
          onOpened();
        }}
      />
    </Dialog>
  );
}
