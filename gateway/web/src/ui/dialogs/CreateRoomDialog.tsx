import { useState } from 'react';
import { namedRoom, type Settings } from '../../state/index.ts';
import { Dialog } from '../Dialog.tsx';
import { useApp } from '../useApp.ts';
import { useDo } from '../useAsk.ts';
import { SettingsForm } from './SettingsForm.tsx';
import { text } from '../text.ts';

const NAME_CHARACTERS = 64;

interface CreateRoomDialogProps {
  name: string;
  onClose: () => void;
  onOpened: () => void;
}

/** Makes a room with its settings; who makes it owns it. */
export default function CreateRoomDialog({ name: wanted, onClose, onOpened }: CreateRoomDialogProps) {
  const app = useApp();
  const { isBusy, error, run } = useDo();
  const [name, setName] = useState(wanted);
  const [isNameless, setNameless] = useState(false);

  const create = (settings: Settings): void => {
    const trimmed = name.trim();
    setNameless(trimmed === '');
    if (trimmed === '') return;
    run(
      () => app.moderation.create(namedRoom(trimmed), settings),
      () => {
        app.openNamed(trimmed);
        onOpened();
      },
    );
  };

  return (
    <Dialog title={text.dialogs.create.title} testId="create-room-dialog" onClose={onClose}>
      <SettingsForm
        settings={{}}
        submit={text.dialogs.create.submit}
        isBusy={isBusy}
        error={isNameless ? text.dialogs.create.needName : error}
        isDone={false}
        onSubmit={create}
      >
        <label className="field">
          <span>{text.dialogs.create.name}</span>
          <input
            data-autofocus
            value={name}
            maxLength={NAME_CHARACTERS}
            aria-invalid={isNameless}
            data-testid="create-name"
            onChange={(event) => {
              setName(event.target.value);
            }}
          />
        </label>
      </SettingsForm>
    </Dialog>
  );
}
