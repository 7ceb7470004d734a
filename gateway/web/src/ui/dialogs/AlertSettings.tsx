import { ALERT_LEVELS } from '../notifier.ts';
import { text } from '../text.ts';
import { useNotifier } from '../useNotifier.ts';

/** What this browser tells of while nobody looks. Choosing is what asks the browser for its leave. */
export function AlertSettings() {
  const { level, permission, choose } = useNotifier();
  if (permission === 'unsupported') return <p className="list-empty">{text.alerts.unsupported}</p>;
  const isBlocked = permission === 'denied';
  return (
    <div className="form form-scroll">
      <fieldset className="choices" disabled={isBlocked}>
        <legend>{text.alerts.legend}</legend>
        {ALERT_LEVELS.map((each) => (
          <label key={each} className="check">
            <input
              type="radio"
              name="alerts"
              checked={level === each}
              data-testid={`alerts-${each}`}
              onChange={() => {
                choose(each);
              }}
            />
            <span>{text.alerts.levels[each]}</span>
          </label>
        ))}
      </fieldset>
      <p className="hint" role="status" data-testid="alerts-note">
        {isBlocked ? text.alerts.blocked : text.alerts.hint}
      </p>
    </div>
  );
}
