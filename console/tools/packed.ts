import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** The whole bundle, compressed, is to stay below this. */
const LIMIT_BYTES = 200_000;
const PACKED = /\.(js|css|html|svg)$/;

/** Write a compressed file beside every file that gains by it, and refuse a bundle grown too large. */
export function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        let total = 0;
        for (const [name, file] of Object.entries(bundle)) {
          if (!PACKED.test(name)) continue;
          const source = gzipSync(file.type === "chunk" ? file.code : file.source, { level: 9 });
          total += source.length;
          this.emitFile({ type: "asset", fileName: `${name}.gz`, source });
        }
        this.info(`${total} bytes compressed of ${LIMIT_BYTES}`);
        if (total > LIMIT_BYTES) this.error(`the bundle has ${total} bytes compressed, more than ${LIMIT_BYTES}`);
      },
    },
  };
}
