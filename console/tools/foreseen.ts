import type { Plugin } from "vite";

/**
 * Let the browser fetch the review desk together with the frame around it, and not after that: it
 * is what nearly everybody opens first.
 */
export function foreseen(page: string): Plugin {
  return {
    name: "foreseen",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle = {} }) {
        const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
        const found = chunks.find((chunk) => chunk.facadeModuleId?.endsWith(page));
        if (!found) throw new Error(`the bundle has no chunk for ${page}`);
        const named = (name: string) => html.includes(name);
        const scripts = [found.fileName, ...found.imports].filter((name) => !named(name));
        const styles = [...(found.viteMetadata?.importedCss ?? [])].filter((name) => !named(name));
        return [
          ...scripts.map((name) => link({ rel: "modulepreload", crossorigin: true, href: `/${name}` })),
          ...styles.map((name) => link({ rel: "preload", as: "style", crossorigin: true, href: `/${name}` })),
        ];
      },
    },
  };
}

const link = (attrs: Record<string, string | boolean>) => ({ tag: "link", attrs, injectTo: "head" as const });
