import { useFormat } from "../shell/format";
import type { Json, JsonObject } from "./schema";

const isRow = (value: Json): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

/** Any answer, as lists and tables of what it says. */
export function JsonAnswer({ value }: { value: Json }) {
  const { number } = useFormat();
  if (value === null || (Array.isArray(value) && value.length === 0)) return <span className="faint">–</span>;
  if (typeof value === "number") return <span className="figures">{number(value, 4)}</span>;
  if (typeof value !== "object") return <span>{String(value)}</span>;
  if (!Array.isArray(value)) {
    return (
      <dl className="play-answer">
        {Object.entries(value).map(([name, each]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <JsonAnswer value={each} />
            </dd>
          </div>
        ))}
      </dl>
    );
  }
  if (value.length > 0 && value.every(isRow)) return <Rows rows={value} />;
  return (
    <ul className="play-list">
      {value.map((each, index) => (
        <li key={index}>
          <JsonAnswer value={each} />
        </li>
      ))}
    </ul>
  );
}

function Rows({ rows }: { rows: JsonObject[] }) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return (
    <div className="table-frame">
      <table className="table">
        <thead>
          <tr>
            {names.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {names.map((name) => (
                <td key={name}>
                  <JsonAnswer value={row[name] ?? null} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
