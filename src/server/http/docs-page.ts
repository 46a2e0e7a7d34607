// The reference page at /docs: every command with its route, CLI line, scope and fields. Plain HTML, no script.
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import type { Command } from '../../command/define-command.ts';
import { toManifest } from '../../command/manifest.ts';
import { ERROR_STATUS } from '../../protocol/errors.ts';
import type { JsonSchema, ManifestCommand } from '../../protocol/manifest.ts';

const STYLE = `
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 18%,transparent)}
body{font:16px/1.55 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:2rem 1.25rem 6rem}
h1{margin:0 0 .25rem}h2{margin:3rem 0 .5rem;padding-top:1rem;border-top:1px solid var(--line);text-transform:capitalize}
h3{margin:2rem 0 .25rem;font-size:1.1rem}code,pre{font:.88em/1.5 ui-monospace,monospace}
pre{padding:.75rem 1rem;border:1px solid var(--line);border-radius:.5rem;overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem}td,th{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line)}
nav a{margin-right:1rem;white-space:nowrap}.tag{border:1px solid var(--line);border-radius:1rem;padding:.05rem .6rem;font-size:.8rem;margin-right:.4rem}
.table{overflow-x:auto}`;

/** The policy under which the page is served: its own style and nothing else. */
export const DOCS_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; frame-ancestors 'none'`;

export function docsPage(commands: readonly Command[], version: string) {
  const groups = Object.groupBy(toManifest(commands, version).commands, ({ name }) => name.split(' ')[0] ?? name);
  const sections = Object.entries(groups).map(
    ([noun, members]) => html`<h2 id="${noun}">${noun}</h2>${(members ?? []).map(commandSection)}`,
  );
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Seed: reference</title>
<style>${raw(STYLE)}</style></head>
<body>
<h1>Seed reference</h1>
<p>Version ${version}. The same as <a href="openapi.json">OpenAPI 3.1</a>. Send <code>Authorization: Bearer sk_live_…</code> with every call.</p>
<nav>${Object.keys(groups).map((noun) => html`<a href="#${noun}">${noun}</a> `)}<a href="#errors">errors</a></nav>
${sections}
<h2 id="errors">Errors</h2>
<p>Every error answers <code>{"error":{"code","message","hint","requestId"}}</code>.</p>
<div class="table"><table><tr><th>code</th><th>HTTP status</th></tr>
${Object.entries(ERROR_STATUS).map(([code, status]) => html`<tr id="error-${code}"><td><code>${code}</code></td><td>${status}</td></tr>`)}
</table></div>
</body></html>`;
}

function commandSection(command: ManifestCommand) {
  const { name, summary, http, scope, effect, input, examples } = command;
  const fields = Object.entries(input.properties ?? {});
  return html`<h3 id="${name.replaceAll(' ', '-')}">${name}</h3>
<p>${summary}.</p>
<p><span class="tag">${scope ?? 'any key'}</span><span class="tag">${effect}</span><code>${http.method} /api/v1${http.path}</code></p>
${fields.length > 0 ? html`<div class="table"><table><tr><th>field</th><th>type</th><th>meaning</th></tr>${fields.map(([field, schema]) => fieldRow(field, schema, input))}</table></div>` : ''}
${examples.length > 0 ? html`<pre>${examples.join('\n')}</pre>` : ''}`;
}

function fieldRow(field: string, schema: JsonSchema, input: JsonSchema) {
  const optional = input.required?.includes(field) ? '' : ' (optional)';
  const type = schema.enum ? schema.enum.join(' | ') : [schema.type ?? 'object'].flat().join(' | ');
  const preset = schema.default === undefined ? '' : `. Default: ${JSON.stringify(schema.default)}`;
  return html`<tr><td><code>${field}</code>${optional}</td><td>${type}</td><td>${schema.description ?? ''}${preset}</td></tr>`;
}
