import { useWords } from "../../shell/language";
import { decisionWords } from "../../words/decision";

/** Which colour is which side, where there are two. */
export function Sides({ compared }: { compared: boolean }) {
  const words = useWords(decisionWords);
  if (!compared) return null;
  return (
    <p className="plot-note sides">
      <span className="side-1">{words.thisVersion}</span>
      <span className="side-2">{words.championOfThen}</span>
    </p>
  );
}
