import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ask } from "../api/client";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { reviewWords } from "../words/review";
import { isOpen } from "./desk";
import type { Line, SimilarLine } from "./shapes";

const CLOSE = 0.6;

/** Other lines that wait and resemble `line`; those decided meanwhile are left out. */
export function useSimilar(line: Line | null, open: ReadonlyMap<string, Line>): SimilarLine[] {
  const { data } = useQuery({
    queryKey: ["review", "similar", line?.line_id],
    queryFn: ({ signal }) =>
      ask("GET /v1/review/lines/{line_id}/similar", { path: { line_id: line?.line_id ?? "" } }, signal),
    enabled: line !== null && isOpen(line),
    staleTime: 60_000,
  });
  return useMemo(
    () => (line ? (data?.lines ?? []).filter((one) => open.has(one.line_id) && one.line_id !== line.line_id) : []),
    [data, open, line],
  );
}

/** A look at them beside the line, and the way to accept several at once. */
export function SimilarPreview({ similar, onOpen }: { similar: SimilarLine[]; onOpen: () => void }) {
  const words = useWords(reviewWords);
  const { percent } = useFormat();
  return (
    <section className="similar">
      <h3>{words.similar}</h3>
      {similar.length === 0 && <p className="similar-none">{words.similarNone}</p>}
      <ul>
        {similar.slice(0, 4).map((one) => (
          <li key={one.line_id}>
            <span className="similar-text">{one.description}</span>
            <span className="mono">{one.code ?? "–"}</span>
            <span className="figures similar-share" title={words.similarity}>
              {percent(one.similarity)}
            </span>
          </li>
        ))}
      </ul>
      {similar.length > 0 && (
        <Button size="small" icon="stack" shortcut="b" onClick={onOpen}>
          {words.keys.bulk}
        </Button>
      )}
    </section>
  );
}

interface BulkProps {
  line: Line;
  code: string;
  similar: SimilarLine[];
  onClose: () => void;
  onAccept: (lineIds: string[]) => void;
}

/** Which of them get the same code; marked at first are those that the model answers alike. */
export function BulkDialog({ line, code, similar, onClose, onAccept }: BulkProps) {
  const words = useWords(reviewWords);
  const { percent } = useFormat();
  const [marked, setMarked] = useState<ReadonlySet<string>>(
    () => new Set(similar.filter((one) => one.code === code && one.similarity >= CLOSE).map((one) => one.line_id)),
  );
  const toggle = (id: string) =>
    setMarked((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  return (
    <Dialog
      title={words.bulkTitle}
      open
      wide
      onClose={onClose}
      actions={
        <Button tone="main" icon="check" autoFocus onClick={() => onAccept([...marked])}>
          {words.bulkConfirm(marked.size + 1)}
        </Button>
      }
    >
      <p className="bulk-intro">
        {words.bulkIntro(code)} <strong>{line.description}</strong>
      </p>
      <ul className="bulk">
        {similar.map((one) => (
          <li key={one.line_id}>
            <label>
              <input type="checkbox" checked={marked.has(one.line_id)} onChange={() => toggle(one.line_id)} />
              <span className="bulk-text">{one.description}</span>
              <span className={one.code === code ? "bulk-same" : "bulk-other"}>
                {one.code === code ? words.bulkSame : words.bulkOther(one.code ?? "–")}
              </span>
              <span className="figures similar-share" title={words.similarity}>
                {percent(one.similarity)}
              </span>
            </label>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
