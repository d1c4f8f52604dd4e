import { useQuery } from "@tanstack/react-query";
import { ask } from "../api/client";
import { ProductImage } from "../review/ProductImage";
import { useFormat } from "../shell/format";
import { useWords } from "../shell/language";
import { Meter } from "../ui/Meter";
import { playgroundWords } from "../words/playground";
import { likelihoods } from "./likely";
import type { JsonObject } from "./schema";

const CODE = "code";
const FAINT = 0.001;

/** Return what the catalogue calls codes; nothing for what are none. */
export function useProducts(codes: string[]) {
  const { data } = useQuery({
    queryKey: ["playground", "products", codes],
    queryFn: ({ signal }) => ask("GET /v1/playground/products", { query: { code: codes } }, signal),
    enabled: codes.length > 0,
    staleTime: 60_000,
  });
  return new Map(data?.products.map((product) => [product.code, product]));
}

/** An answer and its alternatives as bars of confidence. */
export function Likely({ row, target }: { row: JsonObject; target: string }) {
  const words = useWords(playgroundWords);
  const { percent } = useFormat();
  const all = likelihoods(row, target);
  const sure = (share: number) => (share < FAINT ? `< ${percent(FAINT, 1)}` : percent(share, 1));
  const products = useProducts(target === CODE ? all.map(({ value }) => value) : []);
  return (
    <ol className="play-likely">
      {all.map(({ value, share }, place) => {
        const product = products.get(value);
        return (
          <li key={value} className={place === 0 ? "play-best" : undefined}>
            {target === CODE && <ProductImage url={product?.image_url ?? null} alt="" size="small" />}
            <span className="play-named">
              <span>{product?.description ?? value}</span>
              {product?.description && <span className="mono faint">{value}</span>}
            </span>
            {share !== null && (
              <span className="play-share">
                <span className="figures">{sure(share)}</span>
                <Meter share={share} label={words.confidence} text={sure(share)} />
              </span>
            )}
          </li>
        );
      })}
    </ol>
  );
}
