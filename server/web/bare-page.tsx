// A bare page is what somebody sees who is not signed in: no navigation, as it would lead back here, and nothing
// that the server knows.

import type { ComponentChildren, VNode } from 'preact';
import { ASSET_PATHS } from './assets.ts';
import { renderHtml } from './render-html.ts';

export function renderBarePage(title: string, content: ComponentChildren): string {
  return `<!doctype html>${renderHtml(<BarePage title={title}>{content}</BarePage>)}`;
}

function BarePage({ title, children }: { title: string; children: ComponentChildren }): VNode {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${title} · tallyspan`}</title>
        <link rel="stylesheet" href={ASSET_PATHS.style} />
        {/* No picture: browsers would ask for one otherwise. */}
        <link rel="icon" href="data:," />
      </head>
      <body>
        <header class="top">
          <span class="brand">tallyspan</span>
        </header>
        <main id="main">{children}</main>
      </body>
    </html>
  );
}
