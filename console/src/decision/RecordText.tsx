import type { Explanation } from "../api/schema";
import { useWords } from "../shell/language";
import { decisionWords } from "../words/decision";

/** The record as it is hashed, for whoever does not believe the page. */
export function RecordText({ one }: { one: Explanation }) {
  const words = useWords(decisionWords);
  return (
    <details className="record">
      <summary>{words.record}</summary>
      <p className="faint">{words.recordHint}</p>
      <dl>
        <dt>{words.hash}</dt>
        <dd>
          <code>{one.hash}</code>
        </dd>
        <dt>{words.previous}</dt>
        <dd>
          <code>{one.prev_hash}</code>
        </dd>
        {one.policy_sha256 && (
          <>
            <dt>{words.policy}</dt>
            <dd>
              <code>{one.policy_sha256}</code>
            </dd>
          </>
        )}
      </dl>
      <pre tabIndex={0} aria-label={words.record}>
        {JSON.stringify(one.record, null, 2)}
      </pre>
    </details>
  );
}
