import type { Photo, RoomKey } from '@parlor/client/protocol';
import type { Photos } from '@parlor/client';
import type { AppState } from './model.ts';
import type { AppEvent } from './events.ts';
import type { Store } from './store.ts';

/** Photos that wait beside a composer at once; each is a message of its own. */
export const MOST_ATTACHMENTS = 10;
/** A picture for every step of a progress bar, not for every packet. */
const PROGRESS_STEP = 0.02;

export interface PickedFile {
  readonly name: string;
  readonly data: Blob;
  readonly preview: string;
}

/** The photos beside the composers: sent up as soon as they are picked, said when the message is. */
export class Attachments {
  readonly #photos: Photos;
  readonly #store: Store<AppState, AppEvent>;
  readonly #release: (preview: string) => void;
  readonly #files = new Map<string, { room: RoomKey; file: PickedFile; abort: () => void }>();
  #count = 0;

  constructor(photos: Photos, store: Store<AppState, AppEvent>, release: (preview: string) => void) {
    this.#photos = photos;
    this.#store = store;
    this.#release = release;
  }

  /** How many of `files` there was a place for. */
  add(room: RoomKey, files: readonly PickedFile[]): number {
    const places = MOST_ATTACHMENTS - (this.#store.getState().attachments[room]?.length ?? 0);
    const taken = files.slice(0, Math.max(0, places));
    for (const { preview } of files.slice(taken.length)) this.#release(preview);
    for (const file of taken) {
      this.#count += 1;
      const id = `a${this.#count}`;
      const { name, preview } = file;
      this.#store.dispatch({
        type: 'attached',
        room,
        attachment: { id, name, preview, state: 'uploading', progress: 0, photo: null, error: null },
      });
      this.#upload(id, room, file);
    }
    return taken.length;
  }

  retry(id: string): void {
    const known = this.#files.get(id);
    if (known === undefined) return;
    this.#store.dispatch({
      type: 'attachmentChanged',
      room: known.room,
      id,
      change: { state: 'uploading', progress: 0, error: null },
    });
    this.#upload(id, known.room, known.file);
  }

  remove(id: string): void {
    const known = this.#files.get(id);
    if (known === undefined) return;
    this.#files.delete(id);
    known.abort();
    this.#store.dispatch({ type: 'detached', room: known.room, id });
    this.#release(known.file.preview);
  }

  /** Takes away those that are ready, to be said. */
  take(room: RoomKey): Photo[] {
    const ready = (this.#store.getState().attachments[room] ?? []).filter(({ photo }) => photo !== null);
    for (const { id } of ready) this.remove(id);
    return ready.flatMap(({ photo }) => (photo === null ? [] : [photo]));
  }

  #upload(id: string, room: RoomKey, file: PickedFile): void {
    let shown = 0;
    const { result, abort } = this.#photos.upload(room, file.data, (progress) => {
      if (progress - shown < PROGRESS_STEP && progress < 1) return;
      shown = progress;
      this.#store.dispatch({ type: 'attachmentChanged', room, id, change: { progress } });
    });
    this.#files.set(id, { room, file, abort });
    void result.then((it) => {
      // Taken away again before it was done.
      if (!this.#files.has(id)) return;
      this.#store.dispatch({
        type: 'attachmentChanged',
        room,
        id,
        change: it.ok ? { state: 'ready', progress: 1, photo: it.value } : { state: 'failed', error: it.error },
      });
    });
  }
}
