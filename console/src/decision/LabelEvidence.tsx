import type { LabelEvidence as Evidence } from "../api/schema";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Link } from "../shell/router";
import { Card } from "../ui/Card";
import { Meter } from "../ui/Meter";
import { decisionWords } from "../words/decision";

/** How near the labels are to deciding, one way or the other. */
export function LabelEvidence({ evidence }: { evidence: Evidence }) {
  const words = useWords(decisionWords);
  return (
    <Card title={words.evidence} aside={<Link to={`/decisions/${evidence.campaign}`}>{evidence.campaign}</Link>}>
      <div className="label-evidence">
        <Side label={words.evidenceFor} found={evidence.log_e} needed={evidence.needed} tone="good" />
        <Side label={words.evidenceAgainst} found={evidence.log_e_against} needed={evidence.needed_against} tone="bad" />
      </div>
      <p className="plot-note">{words.evidenceNote}</p>
    </Card>
  );
}

interface SideProps {
  label: string;
  /** Logarithms: what was found, and what is enough. */
  found: number | null;
  needed: number | null;
  tone: "good" | "bad";
}

function Side({ label, found, needed, tone }: SideProps) {
  const { percent } = useFormat();
  const share = Math.min(1, Math.max(0, (found ?? 0) / (needed || 1)));
  return (
    <div>
      <p className="label-side">
        <span>{label}</span>
        <span className="figures">{percent(share)}</span>
      </p>
      <Meter share={share} label={label} text={percent(share)} tone={tone} />
    </div>
  );
}
