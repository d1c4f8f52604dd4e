import type { ReactNode } from "react";
import type { ContestantView, Explanation } from "../api/schema";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Card } from "../ui/Card";
import { Icon } from "../ui/Icon";
import { decisionWords } from "../words/decision";
import { lifecycleWords } from "../words/lifecycle";
import { milliseconds } from "./figures";

const COMMIT = 10;
const MEGABYTE = 1e6;

/** The two versions beside each other: where they came from, and in what they differ. */
export function Lineage({ one: { champion, challenger } }: { one: Explanation }) {
  const words = useWords(decisionWords);
  if (!challenger) return null;
  const sides = champion ? [champion, challenger] : [challenger];
  return (
    <Card title={words.lineage} >
      <div className="table-frame" tabIndex={0} role="region" aria-label={words.lineage}>
        <table className="table lineage">
          <caption className="only-read">{words.lineage}</caption>
          <thead>
            <tr>
              <td />
              {sides.map((side) => (
                <th key={side.version} scope="col">
                  {side === challenger ? words.after : words.before} <Version side={side} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Facts sides={sides} />
            <Parameters sides={sides} />
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Version({ side }: { side: ContestantView }) {
  const own = useWords(lifecycleWords);
  const text = own.version(side.version);
  if (!side.url) return text;
  return (
    <a href={side.url} title={own.openMlflow}>
      {text} <Icon name="link" size={12} />
    </a>
  );
}

function Row({ name, cells }: { name: string; cells: ReactNode[] }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      {cells.map((cell, place) => (
        <td key={place}>{cell}</td>
      ))}
    </tr>
  );
}

function Facts({ sides }: { sides: ContestantView[] }) {
  const words = useWords(decisionWords);
  const format = useFormat();
  const measured = (side: ContestantView, name: string) => {
    const value = side.blessing[name];
    return typeof value === "number" ? value : null;
  };
  const bytes = (side: ContestantView, name: string) => {
    const value = measured(side, name);
    return value === null ? "–" : `${format.number(value / MEGABYTE, 0)} MB`;
  };
  const commit = ({ code }: ContestantView) => (
    <>
      <code>{code["git_commit"]?.slice(0, COMMIT) ?? "–"}</code>
      {code["dirty"] === "true" && <span className="faint"> {words.dirty}</span>}
    </>
  );
  const rows = ({ training_window: window }: ContestantView) =>
    Object.entries(window)
      .map(([name, value]) => (name === "rows" ? words.rows(format.number(Number(value), 0)) : `${name} ${value}`))
      .join(", ") || "–";
  return (
    <>
      <Row name={words.origin} cells={sides.map(({ origin }) => origin)} />
      <Row name={words.commit} cells={sides.map(commit)} />
      <Row name={words.trainedOn} cells={sides.map(rows)} />
      <Row name={words.latency} cells={sides.map((side) => milliseconds(format, measured(side, "latency_ms")))} />
      <Row name={words.memory} cells={sides.map((side) => bytes(side, "memory_bytes"))} />
      <Row name={words.packageSize} cells={sides.map((side) => bytes(side, "size_bytes"))} />
    </>
  );
}

function Parameters({ sides }: { sides: ContestantView[] }) {
  const words = useWords(decisionWords);
  const names = [...new Set(sides.flatMap(({ params }) => Object.keys(params ?? {})))].sort();
  const text = (side: ContestantView, name: string) => String(side.params?.[name] ?? "–");
  const differ = names.filter((name) => new Set(sides.map((side) => text(side, name))).size > 1);
  const shown = sides.length > 1 ? differ : names;
  const alike = names.length - shown.length;
  return (
    <>
      {shown.map((name) => (
        <Row key={name} name={name} cells={sides.map((side) => <code key={side.version}>{text(side, name)}</code>)} />
      ))}
      {alike > 0 && (
        <tr>
          <td colSpan={sides.length + 1} className="faint">
            {words.sameParameters(alike)}
          </td>
        </tr>
      )}
    </>
  );
}
