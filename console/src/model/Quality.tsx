import type { ModelStory } from "../api/schema";
import { ErrorPlots } from "../decision/ErrorPlots";
import { Gains, Slices } from "../decision/Gains";
import { useWords } from "../shell/language";
import { modelWords } from "../words/model";
import "../decision/decision.css";

/** Where today's champion errs: by slice, and request by request. */
export function Quality({ story }: { story: ModelStory }) {
  const words = useWords(modelWords);
  return (
    <div className="decision-parts">
      {story.figures.length > 0 && <Gains figures={story.figures} />}
      {story.slices.length > 0 && <Slices slices={story.slices} title={words.slices} />}
      {story.explained_by && (
        <div className="decision-wide">
          <ErrorPlots decision={story.explained_by} />
        </div>
      )}
    </div>
  );
}
