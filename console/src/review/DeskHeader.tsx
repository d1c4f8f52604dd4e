import { OnlyLooking } from "../access/OnlyLooking";
import { useFormat } from "../shell/format";
import { useLanguage, useWords } from "../shell/language";
import { Badge } from "../ui/Badge";
import { Button, IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Meter } from "../ui/Meter";
import { reviewWords } from "../words/review";
import type { Progress } from "./shapes";
import { useCountdown } from "./useSnapshot";

interface Props {
  progress: Progress;
  updatedAt: number;
  every: number;
  refreshing: boolean;
  unsent: number;
  fragile: boolean;
  reviewer: string;
  /** Whether the name is the key's, and nobody's to choose. */
  named: boolean;
  onRefresh: () => void;
  onReviewer: () => void;
  onOrders: () => void;
}

/** How far the day is, what is still to be sent, and when new lines come. */
export function DeskHeader(props: Props) {
  const { progress, unsent, fragile, reviewer } = props;
  const words = useWords(reviewWords);
  return (
    <header className="desk-head">
      <h1 className="only-read">{words.title}</h1>
      <DayProgress progress={progress} />
      <div className="desk-tools">
        {unsent > 0 && (
          <Badge tone={fragile ? "bad" : "warn"} icon="clock" title={fragile ? words.fragile : words.waitingHint}>
            {words.waiting(unsent)}
          </Badge>
        )}
        <Refresh {...props} />
        <Button size="small" icon="stack" onClick={props.onOrders}>
          {words.orders}
        </Button>
        <OnlyLooking />
        {!props.named && (
          <Button size="small" tone="quiet" onClick={props.onReviewer}>
            {reviewer ? words.reviewer(reviewer) : words.reviewerTitle}
          </Button>
        )}
      </div>
    </header>
  );
}

function DayProgress({ progress }: { progress: Progress }) {
  const words = useWords(reviewWords);
  const { number } = useFormat();
  const { done, lines, beyond, accepted, changed, skipped, requested_open: requested } = progress;
  const text = words.done(number(done), number(lines));
  return (
    <section className="day" aria-label={words.progress}>
      <div className="day-figures">
        <strong className="figures">{text}</strong>
        <span className="figures">{words.tally(number(accepted), number(changed), number(skipped))}</span>
        {beyond > 0 && <span title={words.beyondHint}>{words.beyond(number(beyond))}</span>}
        {requested > 0 && (
          <Badge tone="asked" icon="flag" title={words.requestedHint}>
            {words.requestedOpen(requested)}
          </Badge>
        )}
      </div>
      <Meter share={lines > 0 ? done / lines : 0} label={words.progress} text={text} />
      <Hours hours={progress.per_hour} />
    </section>
  );
}

const BAR = 7;
const HEIGHT = 26;

/** Lines an hour, one bar each, over the hours of the day so far. */
function Hours({ hours }: { hours: Progress["per_hour"] }) {
  const words = useWords(reviewWords);
  const { language } = useLanguage();
  const byHour = new Map(hours.map((one) => [new Date(one.hour).getHours(), one.done]));
  if (byHour.size === 0) return null;
  const first = Math.min(...byHour.keys(), new Date().getHours());
  const shown = Array.from({ length: new Date().getHours() - first + 1 }, (_, index) => first + index);
  const most = Math.max(...byHour.values(), 1);
  const name = (hour: number) => new Date(2000, 0, 1, hour).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
  const said = shown.filter((hour) => byHour.get(hour)).map((hour) => words.perHourBar(name(hour), byHour.get(hour) ?? 0));
  return (
    <svg className="hours" width={shown.length * (BAR + 2)} height={HEIGHT} role="img" aria-label={`${words.perHour}. ${said.join(", ")}`}>
      {shown.map((hour, index) => {
        const height = Math.max(1, ((byHour.get(hour) ?? 0) / most) * HEIGHT);
        return (
          <rect key={hour} x={index * (BAR + 2)} y={HEIGHT - height} width={BAR} height={height} rx={1.5}>
            <title>{words.perHourBar(name(hour), byHour.get(hour) ?? 0)}</title>
          </rect>
        );
      })}
    </svg>
  );
}

function Refresh({ updatedAt, every, refreshing, onRefresh }: Props) {
  const words = useWords(reviewWords);
  const { clock, time } = useFormat();
  const left = useCountdown(updatedAt, every);
  const stale = Date.now() - updatedAt > 2 * every * 1000;
  return (
    <div className="refresh">
      {stale ? (
        <span className="refresh-stale">
          <Icon name="clock" size={12} /> {words.stale(time(new Date(updatedAt).toISOString()))}
        </span>
      ) : (
        <span className="figures">{refreshing || left === 0 ? words.refreshing : words.refreshIn(clock(left))}</span>
      )}
      <IconButton icon="refresh" label={`${words.refresh} (r)`} onClick={onRefresh} />
    </div>
  );
}
