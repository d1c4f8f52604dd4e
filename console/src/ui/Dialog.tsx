import { type ReactNode, useId, useLayoutEffect, useRef, useState } from "react";
import { shellWords } from "../words/shell";
import { useWords } from "../shell/language";
import { IconButton } from "./Button";
import "./dialog.css";

interface Props {
  title: string;
  open: boolean;
  onClose: () => void;
  /** Buttons that end it, the deciding one last. */
  actions?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}

/** The browser's own modal dialog: it holds the focus, gives it back, and closes on Escape. */
export function Dialog({ title, open, onClose, actions, wide = false, children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const words = useWords(shellWords);
  const titleId = useId();
  const [shown, setShown] = useState(false);
  // While it is still part of the page: closed later, it would not give the focus back.
  useLayoutEffect(() => {
    const dialog = element.current;
    if (open && dialog && !dialog.open) dialog.showModal();
    // What it holds comes only now: the focus can't go to a part of what is not shown yet.
    setShown(open);
    return () => dialog?.close();
  }, [open]);
  return (
    <dialog
      ref={element}
      className={wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClose={() => open && onClose()}
      onClick={(event) => event.target === element.current && onClose()}
    >
      <div className="dialog-inside">
        <header>
          <h2 id={titleId}>{title}</h2>
          <IconButton icon="cross" label={words.close} onClick={onClose} />
        </header>
        <div className="dialog-body">{shown && children}</div>
        {actions && <footer>{shown && actions}</footer>}
      </div>
    </dialog>
  );
}
