import { useWords } from "../shell/language";
import { Card } from "../ui/Card";
import { accessWords } from "../words/access";
import { KeyForm } from "./KeyForm";
import "./access.css";

/** Stands in place of every page until somebody has shown a key. */
export function SignIn() {
  const words = useWords(accessWords);
  return (
    <div className="page sign-in">
      <title>{`${words.title} · Contender`}</title>
      <Card className="sign-in-card">
        <h1>{words.title}</h1>
        <p>{words.what}</p>
        <KeyForm />
      </Card>
    </div>
  );
}
