import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Icon } from "../ui/Icon";
import { boardWords } from "../words/board";
import "./stale.css";

/** Said where what is shown could not be brought up to date; nothing while it could. */
export function Stale({ error, since }: { error: Error | null; since: number }) {
  const words = useWords(boardWords);
  const { time } = useFormat();
  if (!error) return null;
  return (
    <p className="stale" role="status">
      <Icon name="warning" />
      <span>{words.stale(time(new Date(since).toISOString()))}</span>
    </p>
  );
}
