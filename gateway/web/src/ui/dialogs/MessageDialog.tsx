import { useState, type SubmitEvent } from 'react';
import type { Message } from '../../state/index.ts';
import { Dialog } from '../Dialog.tsx';
import { useApp, useSelect } from '../useApp.ts';
import { useDo } from '../useAsk.ts';
import { Problem } from './Parts.tsx';
import { text } from '../text.ts';

interface MessageDialogProps {
  kind: 'delete' | 'report' | 'closePoll';
  message: Message;
  onClose: () => void;
}

/** Asks before something that cannot be undone, or for what a report needs. */
export default function MessageDialog({ kind, message, onClose }: MessageDialogProps) {
  const app = useApp();
  const { isBusy, error, run } = useDo();
  const [reason, setReason] = useState('');
  const isOwn = useSelect((state) => state.me?.userUUID === message.SenderUUID);
  const words = text.dialogs.confirm[kind];

  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    switch (kind) {
      case 'delete':
        run(() => app.messages.delete(message), onClose);
        break;
      case 'closePoll':
        run(() => app.messages.closePoll(message), onClose);
        break;
      case 'report':
        run(() => app.messages.report(message, reason.trim()), () => {
          app.notice(text.dialogs.confirm.report.done);
          onClose();
        });
    }
  };

  return (
    <Dialog title={words.title} testId={`${kind}-dialog`} onClose={onClose}>
      <form className="form" onSubmit={submit}>
        {kind === 'delete' && (
          <p>{isOwn ? text.dialogs.confirm.delete.own : text.dialogs.confirm.delete.other(message.Sender.DisplayName ?? message.Sender.Username)}</p>
        )}
        {kind === 'closePoll' && <p>{text.dialogs.confirm.closePoll.words}</p>}
        {message.Message !== '' && (
          <blockquote className="excerpt" dir="auto">
            {message.Message}
          </blockquote>
        )}
        {kind === 'report' && (
          <label className="field">
            <span>{text.dialogs.confirm.report.label}</span>
            <textarea
              data-autofocus
              value={reason}
              rows={3}
              maxLength={500}
              required
              data-testid="report-reason"
              onChange={(event) => {
                setReason(event.target.value);
              }}
            />
          </label>
        )}
        <Problem error={error} />
        <div className="dialog-actions">
          <button type="button" className="button button-quiet" onClick={onClose}>
            {text.dialogs.confirm.cancel}
          </button>
          <button
            type="submit"
            className={kind === 'delete' ? 'button button-danger' : 'button button-primary'}
            disabled={isBusy}
            data-testid="confirm"
          >
            {words.action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
