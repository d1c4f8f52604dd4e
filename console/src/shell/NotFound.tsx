import { EmptyState } from "../ui/States";
import { shellWords } from "../words/shell";
import { useWords } from "./language";
import { PageFrame } from "./PageFrame";
import { Link } from "./router";

export function NotFound() {
  const words = useWords(shellWords);
  return (
    <PageFrame title={words.notFound}>
      <EmptyState icon="search" title={words.notFound} hint={words.notFoundHint} action={<Link to="/board">{words.goTo(words.board)}</Link>} />
    </PageFrame>
  );
}
