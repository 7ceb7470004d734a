import type { Attachment } from '../state/index.ts';
import { Icon } from './Icon.tsx';
import { errorText, text } from './text.ts';
import { useApp } from './useApp.ts';

/** The photos that are to be sent, and how far each has come. */
export function AttachmentStrip({ attachments }: { attachments: readonly Attachment[] }) {
  if (attachments.length === 0) return null;
  return (
    <ul className="attachments" aria-label={text.photo.staged} data-testid="attachments">
      {attachments.map((attachment) => (
        <AttachmentCard key={attachment.id} attachment={attachment} />
      ))}
    </ul>
  );
}

function AttachmentCard({ attachment }: { attachment: Attachment }) {
  const app = useApp();
  const { id, name, preview, state, progress, error } = attachment;
  const percent = Math.round(progress * 100);
  return (
    <li className={`attachment attachment-${state}`} data-testid="attachment" data-state={state}>
      <img className="attachment-picture" src={preview} alt={name} />
      {state === 'uploading' && (
        <progress className="attachment-bar" max={100} value={percent} aria-label={text.photo.uploading(percent)} />
      )}
      {state === 'ready' && <span className="visually-hidden">{text.photo.ready}</span>}
      {state === 'failed' && (
        <div className="attachment-problem" role="alert">
          <span>{error === null ? '' : errorText(error)}</span>
          {error?.retryable === true && (
            <button
              type="button"
              className="link-button"
              aria-label={text.photo.again(name)}
              onClick={() => {
                app.attachments.retry(id);
              }}
            >
              {text.photo.retry}
            </button>
          )}
        </div>
      )}
      <button
        type="button"
        className="attachment-remove"
        aria-label={text.photo.remove(name)}
        data-testid="remove-attachment"
        onClick={() => {
          app.attachments.remove(id);
        }}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}
