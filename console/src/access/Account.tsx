import { useState } from "react";
import type { SessionView } from "../api/schema";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { accessWords } from "../words/access";
import { KeyForm } from "./KeyForm";
import { reaches, useSession, useSignOut } from "./session";
import "./access.css";

/** Who acts here, and the way in or out; nothing where everybody may do everything. */
export function Account() {
  const session = useSession();
  if (!session || session.role === "anyone") return null;
  if (session.by !== "none") return <SignedIn session={session} />;
  return reaches(session, "operator") ? null : <WayIn />;
}

function SignedIn({ session }: { session: SessionView }) {
  const words = useWords(accessWords);
  const { dateTime } = useFormat();
  const signOut = useSignOut();
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

/** For whoever has a key where some things may be done without one. */
function WayIn() {
  const words = useWords(accessWords);
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button size="small" tone="quiet" onClick={() => setOpen(true)}>
        {words.enter}
      </Button>
      {open && (
        <Dialog title={words.title} open onClose={() => setOpen(false)}>
          <KeyForm />
        </Dialog>
      )}
    </>
  );
}
