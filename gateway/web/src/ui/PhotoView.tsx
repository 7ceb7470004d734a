import { useEffect, useState } from 'react';
import type { Photo } from '../state/index.ts';
import { Icon } from './Icon.tsx';
import { text } from './text.ts';
import { useApp } from './useApp.ts';

/** The largest that a photo is shown in the timeline. */
const WIDEST_PX = 360;
const HIGHEST_PX = 300;

/** How large a photo is shown; known before it is loaded, so that nothing moves when it is. */
export function shownSize({ Width, Height }: Photo): { width: number; height: number } {
  const scale = Math.min(1, WIDEST_PX / Math.max(1, Width), HIGHEST_PX / Math.max(1, Height));
  return { width: Math.max(1, Math.round(Width * scale)), height: Math.max(1, Math.round(Height * scale)) };
}

type Which = 'url' | 'thumbnailUrl';

interface Source {
  readonly address: string | null;
  readonly hasFailed: boolean;
  /** The address does not work, or not any more. */
  readonly onError: () => void;
  readonly retry: () => void;
}

/** Where a photo is to be had: its own address, or in private rooms a link that ends and is renewed. */
export function usePhoto(photo: Photo, which: Which): Source {
  const app = useApp();
  const own = which === 'url' ? photo.Url : (photo.ThumbnailUrl ?? photo.Url);
  const [link, setLink] = useState(() => app.photos.known(photo.Id)?.[which] ?? null);
  const [attempt, setAttempt] = useState(0);
  const [hasFailed, setFailed] = useState(false);

  useEffect(() => {
    if (own !== undefined) return;
    let isCurrent = true;
    void app.photos.links(photo.Id, attempt > 0).then((result) => {
      if (!isCurrent) return;
      if (result.ok) setLink(result.value[which]);
      else setFailed(true);
    });
    return () => {
      isCurrent = false;
    };
  }, [app, own, photo.Id, which, attempt]);

  return {
    address: own ?? link,
    hasFailed,
    onError: () => {
      // A link that has ended is renewed once by itself.
      if (own === undefined && attempt === 0) setAttempt(1);
      else setFailed(true);
    },
    retry: () => {
      setFailed(false);
      setAttempt(attempt + 1);
    },
  };
}

interface PhotoViewProps {
  photo: Photo;
  sender: string;
  /** Without it the photo can't be opened, as it is not sent yet. */
  onOpen?: () => void;
}

export function PhotoView({ photo, sender, onOpen }: PhotoViewProps) {
  const { address, hasFailed, onError, retry } = usePhoto(photo, 'thumbnailUrl');
  const { width, height } = shownSize(photo);
  if (hasFailed) {
    return (
      <div className="photo photo-failed" role="alert" data-testid="photo-failed">
        <Icon name="image" />
        <span>{text.photo.failed}</span>
        <button type="button" className="link-button" onClick={retry}>
          {text.photo.retry}
        </button>
      </div>
    );
  }
  const picture =
    address === null ? (
      <svg className="photo-picture" width={width} height={height} aria-hidden="true" />
    ) : (
      <img
        className="photo-picture"
        src={address}
        width={width}
        height={height}
        alt={text.photo.label(sender)}
        decoding="async"
        onError={onError}
      />
    );
  if (onOpen === undefined) return <div className="photo">{picture}</div>;
  return (
    <button type="button" className="photo" aria-label={text.photo.open(sender)} data-testid="photo" onClick={onOpen}>
      {picture}
    </button>
  );
}
