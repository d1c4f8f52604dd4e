import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Link } from "../shell/router";
import { toast } from "../shell/toasts";
import { Badge } from "../ui/Badge";
import { Button } from "../ui/Button";
import { playgroundWords } from "../words/playground";
import type { Told } from "./asking";
import { curlOf } from "./curl";
import { Feedback } from "./Feedback";

interface Props {
  told: Told;
  /** The column of an answer that feedback is about; none where an answer is a list. */
  target?: string;
}

/** Which version answered and by what decision, how long it took, and how to ask the same again. */
export function Trace({ told, target }: Props) {
  const words = useWords(playgroundWords);
  const { number } = useFormat();
  const { model, request, tookMs } = told;
  const copy = () => {
    const command = curlOf(location.origin + request.path, request.body);
    const done = navigator.clipboard?.writeText(command) ?? Promise.reject(new Error("no clipboard"));
    done.then(
      () => toast("good", words.copied),
      () => toast("bad", words.notCopied),
    );
  };
  return (
    <footer className="play-trace">
      <Badge tone="accent" icon="crown">
        {words.version(model.version)}
      </Badge>
      <Link to={`/decisions/${model.decision_id}`} title={words.why} className="mono">
        {model.decision_id}
      </Link>
      <span className="figures faint" title={words.tookNote}>
        {words.took(number(tookMs, tookMs < 10 ? 1 : 0))}
      </span>
      <Button size="small" tone="quiet" icon="link" onClick={copy}>
        {words.curl}
      </Button>
      {target && <Feedback key={told.predictionId} told={told} target={target} />}
    </footer>
  );
}
