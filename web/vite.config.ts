// The dashboard's build. Everything lands in assets/ with a hash in its name; nothing is inline, as the page's
// policy wants it.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const FIRST_PAINT = fileURLToPath(new URL('first-paint.js', import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), tailwindcss(), firstPaint()],
  experimental: {
    // What a chunk or a style loads is found beside it: only the page names files from the root, below which the
    // server puts the prefix of a proxy.
    renderBuiltUrl: (file, { hostType }) => (hostType === 'html' ? `/${file}` : { relative: true }),
  },
  build: {
    assetsInlineLimit: 0,
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    target: 'es2023',
  },
});

/** Puts the script that sets the theme before everything else of the page's head. */
function firstPaint(): Plugin {
  let reference = '';
  return {
    name: 'seed-first-paint',
    apply: 'build',
    async buildStart() {
      const source = await readFile(FIRST_PAINT, 'utf8');
      reference = this.emitFile({ type: 'asset', name: 'first-paint.js', source });
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        const asset = Object.values(bundle ?? {}).find(
          (file) => file.type === 'asset' && file.names.includes('first-paint.js'),
        );
        if (!asset) throw new Error(`no asset was made for ${reference}`);
        return [{ tag: 'script', attrs: { src: `/${asset.fileName}` }, injectTo: 'head-prepend' }];
      },
    },
  };
}
