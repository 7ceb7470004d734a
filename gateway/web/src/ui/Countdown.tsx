import { useState } from 'react';

interface CountdownProps {
  words: (seconds: number) => string;
  /** Those that are left now. Give each new countdown a `key` of its own. */
  seconds: number;
}

/** A countdown is for eyes: read aloud every second it would drown everything else. It is read once. */
export function Countdown({ words, seconds }: CountdownProps) {
  const [first] = useState(seconds);
  return (
    <span>
      <span aria-hidden="true">{words(seconds)}</span>
      <span className="visually-hidden">{words(first)}</span>
    </span>
  );
}
