import { useWords } from "../shell/language";
import { Badge } from "../ui/Badge";
import { lifecycleWords, named } from "../words/lifecycle";
import { toneOf } from "./tones";

/** What a decision said; its kind where it is no verdict. */
export function VerdictBadge({ verdict, kind }: { verdict: string | null; kind: string }) {
  const words = useWords(lifecycleWords);
  if (verdict === null) return <Badge>{named(words.kinds, kind)}</Badge>;
  return <Badge tone={toneOf(verdict)}>{named(words.verdicts, verdict)}</Badge>;
}
