import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Link } from "../shell/router";
import { Badge } from "../ui/Badge";
import { Meter } from "../ui/Meter";
import { reviewWords } from "../words/review";
import { ProductImage } from "./ProductImage";
import type { Line } from "./shapes";

/** The suggested code, how sure the model is of it, and which decision lets that model answer. */
export function Suggested({ line }: { line: Line }) {
  const words = useWords(reviewWords);
  const { percent } = useFormat();
  const { code, category, model } = line;
  if (!code) {
    return (
      <div className="suggested suggested-none">
        <h3>{words.noCode}</h3>
        <p>
          {line.refused} {words.noCodeHint}
        </p>
      </div>
    );
  }
  const tone = line.uncertain ? "warn" : "good";
  return (
    <div className="suggested">
      <ProductImage url={code.image_url} alt={code.description ?? words.noImage} size="big" />
      <dl className="suggested-facts">
        <div className="suggested-code">
          <dt>{words.suggestion}</dt>
          <dd>
            <span className="mono suggested-value">{code.value}</span>
            <span className="suggested-name">{code.description ?? words.noProduct}</span>
          </dd>
        </div>
        <div>
          <dt>{words.confidence}</dt>
          <dd>
            {code.confirmed ? (
              <Badge tone="good" icon="check" title={words.confirmedHint}>
                {words.confirmed}
              </Badge>
            ) : (
              <span className="suggested-confidence">
                <Meter share={code.confidence} label={words.confidence} text={percent(code.confidence, 1)} tone={tone} />
                <span className="figures">{percent(code.confidence)}</span>
              </span>
            )}
          </dd>
        </div>
        {category && (
          <div>
            <dt>{words.category}</dt>
            <dd>
              {category.value} <span className="figures suggested-note">{percent(category.confidence)}</span>
            </dd>
          </div>
        )}
        {model && (
          <div>
            <dt>{words.answeredBy}</dt>
            <dd className="suggested-note">
              <Link to={`/models/${model.name}`}>
                {model.name} v{model.version}
              </Link>
              {", "}
              <Link to={`/decisions/${model.decision_id}`}>{words.decision}</Link>
            </dd>
          </div>
        )}
      </dl>
    </div>
  );
}
