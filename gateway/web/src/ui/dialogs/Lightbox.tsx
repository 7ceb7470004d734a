import './dialogs.css';
import { useRef, useState, type KeyboardEvent } from 'react';
import type { Message, Photo, RoomKey } from '../../state/index.ts';
import { useModal } from '../Dialog.tsx';
import { shortTime } from '../grouping.ts';
import { Icon } from '../Icon.tsx';
import { usePhoto } from '../PhotoView.tsx';
import { text } from '../text.ts';
import { useSelect } from '../useApp.ts';

interface LightboxProps {
  room: RoomKey;
  /** The message whose photo is shown first. */
  uuid: string;
  onClose: () => void;
}

type WithPhoto = Message & { Photo: Photo };

function hasPhoto(message: Message): message is WithPhoto {
  return message.Photo !== undefined && message.Deleted !== true;
}

const NO_MESSAGES: readonly Message[] = [];

/** A photo as large as the page; the arrows go through those of the room. */
export default function Lightbox({ room, uuid, onClose }: LightboxProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useModal(dialog);
  const messages = useSelect((state) => state.rooms[room]?.messages ?? NO_MESSAGES);
  const photos = messages.filter(hasPhoto);
  const [shown, setShown] = useState(uuid);
  const index = photos.findIndex(({ UUID }) => UUID === shown);
  const message = photos[index];
  const go = (step: number): void => {
    const next = photos[index + step];
    if (next !== undefined) setShown(next.UUID);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowLeft') go(-1);
    else if (event.key === 'ArrowRight') go(1);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      className="lightbox"
      data-testid="lightbox"
      aria-label={text.photo.viewer}
      onClose={onClose}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest('button, a, img') === null) dialog.current?.close();
      }}
    >
      {message !== undefined && <Shown key={message.UUID} message={message} />}
      <div className="lightbox-top">
        {photos.length > 1 && (
          <span className="lightbox-position" role="status">
            {text.photo.position(index + 1, photos.length)}
          </span>
        )}
        <button type="button" className="icon-button" aria-label={text.dialog.close} data-autofocus onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </div>
      {index > 0 && (
        <button
          type="button"
          className="icon-button lightbox-left"
          aria-label={text.photo.previous}
          onClick={() => {
            go(-1);
          }}
        >
          <Icon name="left" />
        </button>
      )}
      {index < photos.length - 1 && (
        <button
          type="button"
          className="icon-button lightbox-right"
          aria-label={text.photo.next}
          onClick={() => {
            go(1);
          }}
        >
          <Icon name="right" />
        </button>
      )}
    </dialog>
  );
}

function Shown({ message }: { message: WithPhoto }) {
  const { Photo: photo, Sender, SenderUUID, CreatedAt } = message;
  const name = useSelect((state) => state.people[SenderUUID]?.name ?? Sender.DisplayName ?? Sender.Username);
  const { address, hasFailed, onError, retry } = usePhoto(photo, 'url');
  return (
    <>
      {hasFailed ? (
        <div className="lightbox-failed" role="alert">
          <p>{text.photo.failed}</p>
          <button type="button" className="button button-primary" onClick={retry}>
            {text.photo.retry}
          </button>
        </div>
      ) : (
        address !== null && (
          <img
            className="lightbox-picture"
            src={address}
            width={photo.Width}
            height={photo.Height}
            alt={text.photo.label(name)}
            data-testid="lightbox-picture"
            onError={onError}
          />
        )
      )}
      <p className="lightbox-foot">
        <span dir="auto">{name}</span>
        <span>{shortTime(new Date(CreatedAt))}</span>
        {address !== null && (
          <a href={address} target="_blank" rel="noopener noreferrer">
            {text.photo.original}
            <Icon name="external" />
          </a>
        )}
      </p>
    </>
  );
}
