import { hueOf, initialsOf } from './look.ts';

interface AvatarProps {
  /** Gives the colour: the user's UUID, so that a colour belongs to a person. */
  id: string;
  name: string;
  size?: 'small' | 'medium';
  /** Draws the presence dot; without it there is none. */
  online?: boolean;
}

export function Avatar({ id, name, size = 'medium', online }: AvatarProps) {
  return (
    <span className={`avatar avatar-${size} hue-${hueOf(id)}`} aria-hidden="true">
      <span className="avatar-letters">{initialsOf(name)}</span>
      {online !== undefined && <span className={online ? 'dot dot-online' : 'dot'} />}
    </span>
  );
}
