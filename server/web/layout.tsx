// The frame of every page: head, navigation, and the rule how it refreshes itself.

import type { ComponentChildren, VNode } from 'preact';
import { ASSET_PATHS } from './assets.ts';
import type { Stretch } from '../questions/stretch.ts';
import { linkTo } from './parts/cells.tsx';
import { LOGOUT_PATH } from './access/way-back.ts';
import { renderHtml } from './render-html.ts';

/** What the frame shows beside the page itself. */
export interface PageFrame {
  readonly title: string;
  /** Path of the page, to mark it in the navigation. */
  readonly path: string;
  readonly timezone: string;
  /** The time that the page is about; links to other pages keep it. */
  readonly stretch?: Stretch | undefined;
  /** What was searched for. */
  readonly searched?: string;
  /** As the viewer chose it; by the setting of the device where nothing was chosen. */
  readonly theme?: Theme | undefined;
  /** Alerts that fire; undefined while it is not known. */
  readonly firing: number | undefined;
  /** Whether what is shown is the example data. */
  readonly isExample?: boolean;
  /** Whether the server needs a token, so that there is a session to end. */
  readonly hasSession?: boolean;
  /** Address that answers the page's main part again, and how often; none where nothing changes. */
  readonly refresh?: { readonly url: string; readonly seconds: number } | undefined;
}

export type Theme = 'light' | 'dark';

/** A cookie that the script of the pages sets. */
export function themeOf(cookie: string | undefined): Theme | undefined {
  const [, theme] = /(?:^|;\s*)tallyspan-theme=(light|dark)(?:;|$)/.exec(cookie ?? '') ?? [];
  return theme as Theme | undefined;
}

const PAGES: readonly (readonly [string, string])[] = [
  ['/', 'Overview'],
  ['/runs', 'Runs'],
  ['/sessions', 'Sessions'],
  ['/users', 'Users'],
  ['/agents', 'Agents'],
  ['/versions', 'Versions'],
  ['/tools', 'Tools'],
  ['/models', 'Models'],
  ['/tasks', 'Tasks'],
  ['/projects', 'Projects'],
  ['/claude-code', 'Claude Code'],
  ['/diagnose', 'Cost change'],
  ['/compare/groups', 'Compare'],
  ['/limits', 'Limits'],
  ['/findings', 'Findings'],
  ['/reconcile', 'Bill'],
  ['/alerts', 'Alerts'],
  ['/received', 'Received'],
];

/** A whole page, or with `isFragment` only its main part, as htmx asks for it. */
export function renderPage(frame: PageFrame, content: ComponentChildren, isFragment: boolean): string {
  const main = <Main frame={frame}>{content}</Main>;
  // The state of alerts stands outside of the main part and changes as well.
  if (isFragment)
    return renderHtml(
      <>
        {main}
        <AlertState firing={frame.firing} isUpdate />
      </>,
    );
  return `<!doctype html>${renderHtml(<Page frame={frame}>{main}</Page>)}`;
}

function Main({ frame, children }: { frame: PageFrame; children: ComponentChildren }): VNode {
  const refresh =
    frame.refresh === undefined
      ? {}
      : {
          'hx-get': frame.refresh.url,
          'hx-trigger': `every ${frame.refresh.seconds}s`,
          'hx-swap': 'outerMorph',
        };
  return (
    <main id="main" {...refresh}>
      {frame.isExample === true && <ExampleNote />}
      {children}
    </main>
  );
}

/** On every page of the example: what it is, and how it goes away. */
function ExampleNote(): VNode {
  return (
    <form class="message example" method="post" action="/example/remove">
      <strong>Example data</strong>: invented runs of three agents, kept apart from yours.{' '}
      <button type="submit">Remove the example data</button>
    </form>
  );
}

function Page({ frame, children }: { frame: PageFrame; children: ComponentChildren }): VNode {
  return (
    <html lang="en" data-theme={frame.theme}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${frame.title} · tallyspan`}</title>
        <meta name="htmx-config" content={HTMX_CONFIG} />
        <link rel="stylesheet" href={ASSET_PATHS.style} />
        <link rel="icon" href={ICON} />
        <script src={ASSET_PATHS.htmx} defer />
        <script type="module" src={ASSET_PATHS.client} />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <header class="top">
          <a class="brand" href="/">
            <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
              <path
                d="M3 3v14M7 3v14M11 3v14M15 3v14M1 15 19 5"
                stroke="currentColor"
                stroke-width="2"
                fill="none"
              />
            </svg>
            tallyspan
          </a>
          <Search searched={frame.searched} />
          <AlertState firing={frame.firing} />
          <span id="stale" class="state firing" role="status" data-zone={frame.timezone} hidden />
          <button type="button" class="theme" data-theme-switch aria-label="Switch between light and dark">
            <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
              <circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.5" />
              <path d="M8 1.5a6.5 6.5 0 0 1 0 13z" fill="currentColor" />
            </svg>
          </button>
          <nav class="main" aria-label="Pages">
            {PAGES.map(([path, name]) => (
              <a
                key={path}
                href={linkTo(path, { ...frame.stretch?.params })}
                aria-current={isCurrent(path, frame.path) ? 'page' : undefined}
              >
                {name}
              </a>
            ))}
          </nav>
        </header>
        {children}
        <footer>
          Days and times in {frame.timezone}. Numbers come from events, never from sampled spans; “–” is no
          data, which is not 0.{frame.hasSession === true && <a href={LOGOUT_PATH}> Sign out</a>}
        </footer>
      </body>
    </html>
  );
}

function Search({ searched }: { searched: string | undefined }): VNode {
  return (
    <form class="search suggests" role="search" method="get" action="/search" data-search data-suggest="all">
      <input
        type="search"
        name="q"
        value={searched}
        placeholder="Search ids, names, or user:ana cost>0.5"
        aria-label="Search"
        aria-keyshortcuts="/"
        autocomplete="off"
        spellcheck={false}
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

function isCurrent(path: string, current: string): boolean {
  return path === '/' ? current === '/' : current === path || current.startsWith(`${path}/`);
}

function AlertState({ firing, isUpdate }: { firing: number | undefined; isUpdate?: boolean }): VNode {
  const place = { id: 'alert-state', 'hx-swap-oob': isUpdate ? 'true' : undefined };
  if (firing === undefined)
    return (
      <span {...place} class="state">
        alerts: not started
      </span>
    );
  return (
    <a {...place} class={firing > 0 ? 'state firing' : 'state'} href="/alerts">
      {firing > 0 ? '● ' : '○ '}alerts: {firing === 0 ? 'none firing' : `${firing} firing`}
    </a>
  );
}

/** What could not be answered leaves the page as it is. */
const HTMX_CONFIG = JSON.stringify({
  includeIndicatorCSS: false,
  history: false,
  noSwap: [204, 304, '4xx', '5xx'],
  // What a reader has opened stays open.
  morphIgnore: ['data-htmx-powered', 'open'],
});

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 20'%3E%3Cpath d='M3 3v14M7 3v14M11 3v14M15 3v14M1 15 19 5' stroke='%233d5afe' stroke-width='2' fill='none'/%3E%3C/svg%3E";
