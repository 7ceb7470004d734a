import { useRef, useState, type DragEvent } from 'react';

interface Drop {
  isOver: boolean;
  handlers: {
    onDragEnter: (event: DragEvent) => void;
    onDragOver: (event: DragEvent) => void;
    onDragLeave: (event: DragEvent) => void;
    onDrop: (event: DragEvent) => void;
  };
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer.types.includes('Files');
}

/** Takes files that are dropped on an element. */
export function useDrop(isOn: boolean, onFiles: (files: File[]) => void): Drop {
  // Each child that is entered and left tells so; the element is left with the last.
  const depth = useRef(0);
  const [isOver, setOver] = useState(false);
  const leave = (): void => {
    depth.current = 0;
    setOver(false);
  };
  return {
    isOver: isOver && isOn,
    handlers: {
      onDragEnter: (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        depth.current += 1;
        setOver(true);
      },
      onDragOver: (event) => {
        // Without this the browser would open the file in place of the page.
        if (hasFiles(event)) event.preventDefault();
      },
      onDragLeave: (event) => {
        if (!hasFiles(event)) return;
        depth.current -= 1;
        if (depth.current <= 0) leave();
      },
      onDrop: (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        leave();
        if (isOn) onFiles([...event.dataTransfer.files]);
      },
    },
  };
}
