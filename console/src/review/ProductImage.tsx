import { useEffect, useState } from "react";
import { useConnected } from "../api/connection";
import { Icon } from "../ui/Icon";

interface Props {
  url: string | null;
  /** Empty beside text that says the same. */
  alt: string;
  size: "big" | "small";
}

/** A product's picture, or a quiet place where there is none or it does not come. */
export function ProductImage({ url, alt, size }: Props) {
  const [failed, setFailed] = useState<string | null>(null);
  const connected = useConnected();
  useEffect(() => {
    if (connected) setFailed(null);
  }, [connected]);
  if (!url || failed === url) {
    return (
      <span className={`product-image product-image-${size} product-image-none`} role={alt ? "img" : undefined} aria-label={alt || undefined}>
        <Icon name="image" size={size === "big" ? 32 : 16} />
      </span>
    );
  }
  return (
    <img
      className={`product-image product-image-${size}`}
      src={url}
      alt={alt}
      loading={size === "big" ? "eager" : "lazy"}
      decoding="async"
      onError={() => setFailed(url)}
    />
  );
}
