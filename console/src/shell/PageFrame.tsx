import { Component, type ErrorInfo, type ReactNode } from "react";
import { useWords } from "./language";
import { shellWords } from "../words/shell";
import { Button } from "../ui/Button";
import { EmptyState } from "../ui/States";

/** A page's title, what belongs beside it, and the page. */
export function PageFrame({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <div className="page">
      <title>{`${title} · Contender`}</title>
      <header className="page-head">
        <h1>{title}</h1>
        {aside && <div className="page-aside">{aside}</div>}
      </header>
      {children}
    </div>
  );
}

function Crashed() {
  const words = useWords(shellWords);
  return (
    <div role="alert">
      <EmptyState
        icon="warning"
        title={words.crashed}
        hint={words.crashedHint}
        action={
          <Button icon="refresh" onClick={() => location.reload()}>
            {words.reload}
          </Button>
        }
      />
    </div>
  );
}

/** Keeps the frame standing when a page falls; `place` of another page gives it another try. */
export class PageBoundary extends Component<{ place: string; children: ReactNode }, { fallen: string | null }> {
  override state = { fallen: null };

  static getDerivedStateFromError(): { fallen: string } {
    return { fallen: location.pathname };
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error(error, info.componentStack);
  }

  override render(): ReactNode {
    return this.state.fallen === this.props.place ? <Crashed /> : this.props.children;
  }
}
