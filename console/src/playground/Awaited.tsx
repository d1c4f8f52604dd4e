import { useWords } from "../shell/language";
import { EmptyState, Skeleton } from "../ui/States";
import { playgroundWords } from "../words/playground";

/** In place of an answer that is on its way, or that nobody can be asked for because nobody is known. */
export function Awaited({ nobody, lines = 6 }: { nobody: boolean; lines?: number }) {
  const words = useWords(playgroundWords);
  if (!nobody) return <Skeleton lines={lines} />;
  return <EmptyState icon="search" title={words.nobodyKnown} hint={words.nobodyKnownHint} />;
}
