import { useCallback, useRef, type ChangeEvent } from 'react';
import { MOST_ATTACHMENTS, type RoomKey } from '../state/index.ts';
import { text } from './text.ts';
import { useApp, useSelect } from './useApp.ts';

const BYTES_PER_MEGABYTE = 1024 * 1024;

interface PhotoPicker {
  /** Whether this server takes photos. */
  isOn: boolean;
  add: (files: readonly File[]) => void;
  /** Opens the browser's dialog. */
  choose: () => void;
  input: React.InputHTMLAttributes<HTMLInputElement> & { ref: React.RefObject<HTMLInputElement | null>; 'data-testid': string };
}

/** Takes photos by dialog, paste and drop, and says why not. */
export function usePhotoPicker(room: RoomKey): PhotoPicker {
  const app = useApp();
  const limits = useSelect((state) => state.server?.photos);
  const input = useRef<HTMLInputElement>(null);

  const add = useCallback(
    (files: readonly File[]) => {
      if (limits === undefined) return;
      const photos = files.filter(({ type }) => type.startsWith('image/'));
      const fitting = photos.filter(({ size }) => size <= limits.bytes);
      if (photos.length < files.length) app.notice(text.photo.notAPhoto);
      if (fitting.length < photos.length) app.notice(text.photo.tooLarge(Math.floor(limits.bytes / BYTES_PER_MEGABYTE)));
      const picked = fitting.map((file) => ({ name: file.name, data: file, preview: URL.createObjectURL(file) }));
      if (app.attachments.add(room, picked) < picked.length) app.notice(text.photo.tooMany(MOST_ATTACHMENTS));
    },
    [app, limits, room],
  );

  return {
    isOn: limits !== undefined,
    add,
    choose: () => input.current?.click(),
    input: {
      ref: input,
      type: 'file',
      accept: 'image/png,image/jpeg,image/webp,image/gif',
      multiple: true,
      hidden: true,
      'data-testid': 'photo-input',
      onChange: (event: ChangeEvent<HTMLInputElement>) => {
        add([...(event.target.files ?? [])]);
        // So that the same file can be chosen again.
        event.target.value = '';
      },
    },
  };
}
