import { useState } from 'react';
import { hueOf, hueOfColor, initialsOf } from './look.ts';
import { useSelect } from './useApp.ts';

interface AvatarProps {
  /** Gives the colour: the user's UUID, so that a colour belongs to a person who chose none. */
  id: string;
  name: string;
  size?: 'small' | 'medium' | 'large';
  /** Draws the presence dot; without it there is none. */
  online?: boolean;
}

export function Avatar({ id, name, size = 'medium', online }: AvatarProps) {
  const color = useSelect((state) => state.people[id]?.color ?? null);
  const picture = useSelect((state) => state.people[id]?.avatar ?? null);
  const [broken, setBroken] = useState<string | null>(null);
  return (
    <span className={`avatar avatar-${size} hue-${hueOfColor(color) ?? hueOf(id)}`} aria-hidden="true">
      {picture !== null && picture !== broken ? (
        <img
          className="avatar-picture"
          src={`/photos/${encodeURIComponent(picture)}/thumbnail`}
          alt=""
          loading="lazy"
          onError={() => {
            setBroken(picture);
          }}
        />
      ) : (
        <span className="avatar-letters">{initialsOf(name)}</span>
      )}
      {online !== undefined && <span className={online ? 'dot dot-online' : 'dot'} />}
    </span>
  );
}
