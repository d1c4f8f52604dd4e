import { Fragment } from "react";
import { Dialog } from "../ui/Dialog";
import { Keys } from "../ui/Keys";
import { shellWords } from "../words/shell";
import { useWords } from "./language";
import { useShortcutGroups } from "./shortcuts";

/** All keys that work on the page in view, as it has registered them itself. */
export function ShortcutHelp({ open, onClose }: { open: boolean; onClose: () => void }) {
  const groups = useShortcutGroups();
  const words = useWords(shellWords);
  return (
    <Dialog title={words.help} open={open} onClose={onClose} wide>
      <div className="shortcut-groups">
        {groups.map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <dl>
              {group.shortcuts.map((shortcut) => (
                <Fragment key={shortcut.label}>
                  <dt>{shortcut.label}</dt>
                  <dd>
                    <span className="only-read">{shortcut.keys.join(", ")}</span>
                    {shortcut.keys.map((keys) => (
                      <Keys key={keys} keys={keys} />
                    ))}
                  </dd>
                </Fragment>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
