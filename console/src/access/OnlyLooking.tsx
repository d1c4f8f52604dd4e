import { useWords } from "../shell/language";
import { accessWords } from "../words/access";
import { useMay } from "./session";
import "./access.css";

/** Tells a reviewer's page that its visitor may only look. */
export function OnlyLooking() {
  const words = useWords(accessWords);
  if (useMay("reviewer")) return null;
  return (
    <p className="only-looking" role="note" title={words.onlyLookingHint}>
      {words.onlyLooking}
    </p>
  );
}

/** Stands where an operator finds what he may start. */
export function OperatorsAct() {
  const words = useWords(accessWords);
  return (
    <p className="only-looking" role="note">
      {words.operatorsAct}
    </p>
  );
}
