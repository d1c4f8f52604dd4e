import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Button } from "../ui/Button";
import { accessWords } from "../words/access";
import { useSession, useSignOut } from "./session";
import "./access.css";

/** Who acts here, and the way out; nothing where everybody may do everything. */
export function Account() {
  const words = useWords(accessWords);
  const { dateTime } = useFormat();
  const session = useSession();
  const signOut = useSignOut();
  if (!session || session.by === "none") return null;
  const ends = session.until ? words.until(dateTime(session.until)) : undefined;
  return (
    <div className="account" role="group" aria-label={words.account}>
      <span className="account-name" title={ends}>
        <strong>{session.name}</strong> <span className="account-role">{words.roles[session.role]}</span>
      </span>
      <Button size="small" tone="quiet" busy={signOut.isPending} onClick={() => signOut.mutate()}>
        {words.leave}
      </Button>
    </div>
  );
}
