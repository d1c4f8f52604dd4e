import { useWords } from "../shell/language";
import { PageFrame } from "../shell/PageFrame";
import { Skeleton } from "../ui/States";
import { shellWords } from "../words/shell";

export default function ReviewPage() {
  const words = useWords(shellWords);
  return (
    <PageFrame title={words.review}>
      <Skeleton />
    </PageFrame>
  );
}
