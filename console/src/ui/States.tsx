import type { ReactNode } from "react";
import { Refused } from "../api/problem";
import { useWords } from "../shell/language";
import { Link } from "../shell/router";
import { shellWords } from "../words/shell";
import { Button } from "./Button";
import { Icon, type IconName } from "./Icon";
import "./states.css";

interface EmptyProps {
  icon?: IconName;
  title: string;
  hint?: ReactNode;
  action?: ReactNode;
}

/** Said where there is nothing to show, and why that is so. */
export function EmptyState({ icon = "check", title, hint, action }: EmptyProps) {
  return (
    <div className="state">
      <Icon name={icon} size={28} />
      <h2>{title}</h2>
      {hint && <p>{hint}</p>}
      {action}
    </div>
  );
}

/** What went wrong, in the server's own words, and a way to try again. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const words = useWords(shellWords);
  const refused = error instanceof Refused ? error : null;
  const gone = refused?.status === 404;
  return (
    <div className="state state-error" role="alert">
      <Icon name={refused ? "warning" : "offline"} size={28} />
      <h2>{gone ? words.gone : refused ? words.failed : words.unreachable}</h2>
      <p>{refused ? refused.message || words.failedHint : words.unreachableLong}</p>
      {refused?.requestId && (
        <p className="state-note">
          {words.requestId} <code>{refused.requestId}</code>
        </p>
      )}
      {gone && <Link to="/board">{words.goTo(words.board)}</Link>}
      {onRetry && !gone && (
        <Button icon="refresh" onClick={onRetry}>
          {words.retry}
        </Button>
      )}
    </div>
  );
}

/** Grey bars where text will stand, so that nothing jumps when it comes. */
export function Skeleton({ lines = 3 }: { lines?: number }) {
  const words = useWords(shellWords);
  return (
    <div className="skeleton" role="status">
      <span className="only-read">{words.loading}</span>
      {Array.from({ length: lines }, (_, index) => (
        <span key={index} className="skeleton-line" />
      ))}
    </div>
  );
}
