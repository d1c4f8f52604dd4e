export interface Text {
  /** What it is about, where it is one of several. */
  about?: string;
  text: string;
  /** Written by the machine, which writes English; people write as they like. */
  machine: boolean;
}

/** Recorded words as they were written, below what the figures say in the reader's language. */
export function AsRecorded({ title, recorded, open = false }: { title: string; recorded: Text[]; open?: boolean }) {
  if (recorded.length === 0) return null;
  return (
    <details className="as-recorded" open={open}>
      <summary>{title}</summary>
      <ul>
        {recorded.map(({ about, text, machine }) => (
          <li key={`${about} ${text}`}>
            {about && <strong>{about}: </strong>}
            <span lang={machine ? "en" : undefined}>{text}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
