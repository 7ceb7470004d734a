import { useCallback, useState } from 'react';
import type { AuditEntry } from '../../state/index.ts';
import { Dialog } from '../Dialog.tsx';
import { shortTime } from '../grouping.ts';
import { useApp } from '../useApp.ts';
import { useAsk, useDo } from '../useAsk.ts';
import { Loaded, Problem } from './Parts.tsx';
import { text } from '../text.ts';

/** Who did what, the latest first. */
export default function AuditDialog({ onClose }: { onClose: () => void }) {
  const app = useApp();
  const { asked, again } = useAsk(useCallback(() => app.moderation.audit(), [app]));
  return (
    <Dialog title={text.dialogs.audit.title} testId="audit-dialog" isWide onClose={onClose}>
      <Loaded asked={asked} again={again}>
        {(page) => <Entries first={page.entries} hasMore={page.more} />}
      </Loaded>
    </Dialog>
  );
}

function Entries({ first, hasMore }: { first: readonly AuditEntry[]; hasMore: boolean }) {
  const app = useApp();
  const [older, setOlder] = useState<{ entries: readonly AuditEntry[]; more: boolean }>({ entries: [], more: hasMore });
  const { isBusy, error, run } = useDo();
  const entries = [...first, ...older.entries];
  if (entries.length === 0) return <p className="list-empty">{text.dialogs.audit.empty}</p>;
  const loadOlder = (): void => {
    run(async () => {
      const result = await app.moderation.audit(entries.at(-1)?.id);
      if (result.ok) setOlder({ entries: [...older.entries, ...result.value.entries], more: result.value.more });
      return result;
    });
  };
  return (
    <ol className="list list-tall audit" data-testid="audit-list">
      {entries.map((entry) => (
        <Entry key={entry.id} entry={entry} />
      ))}
      <li>
        <Problem error={error} />
        {older.more && (
          <button type="button" className="row row-more" disabled={isBusy} onClick={loadOlder}>
            {text.dialogs.audit.older}
          </button>
        )}
      </li>
    </ol>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { action, by, byUUID, user, userUUID, room, detail, at } = entry;
  const about = [user ?? userUUID, room].filter((it) => it !== undefined && it !== '');
  return (
    <li className="audit-entry" data-testid="audit-entry" data-action={action}>
      <p>
        <strong>{text.dialogs.audit.actions[action] ?? action}</strong>
        {about.length > 0 && <span dir="auto"> {about.join(' · ')}</span>}
      </p>
      {detail !== undefined && detail !== '' && (
        <p className="audit-detail" dir="auto">
          {detail}
        </p>
      )}
      <p className="hint">
        {text.dialogs.audit.by(byUUID === undefined ? text.dialogs.audit.system : by)} · <time dateTime={at}>{shortTime(new Date(at))}</time>
      </p>
    </li>
  );
}
