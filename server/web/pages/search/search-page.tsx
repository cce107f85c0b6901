// What a search found, by kind; or how to search.

import type { VNode } from 'preact';
import { cutText } from '../../../../core/text/cut-text.ts';
import type { ContentSearch } from '../../../queries/search/search-content.ts';
import type { SearchHit } from '../../../queries/search/search.ts';
import { meantFilters } from '../../../questions/filter-keys.ts';
import { linkTo } from '../../parts/cells.tsx';
import { nameColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import { ContentHits } from './content-hits.tsx';

export interface SearchView {
  readonly text: string;
  readonly hits: readonly SearchHit[];
  /** Undefined where who asks may not read content. */
  readonly content: ContentSearch | undefined;
  readonly timezone: string;
  /** Unix milliseconds. */
  readonly now: number;
}

/** Names of a kind on the page; in the list under the field there is room for fewer. */
export const NAMES_PER_KIND = 50;

const LONGEST_SHOWN = 80;

/** What was searched for, as a title shows it. */
export function searchedName(text: string): string {
  return text.length <= LONGEST_SHOWN ? text : `${cutText(text, LONGEST_SHOWN)}…`;
}

export function SearchPage({ view }: { view: SearchView }): VNode {
  const { text, hits, content, timezone, now } = view;
  const isFound = hits.length > 0 || (content?.found.length ?? 0) > 0;
  return (
    <>
      <div class="head">
        <h1>
          {text === '' ? (
            'Search'
          ) : (
            <>
              Search for “<bdi title={text}>{searchedName(text)}</bdi>”
            </>
          )}
        </h1>
        <span class="grow" />
        {text !== '' && (
          <a class="button" href={linkTo('/runs', { error: text })}>
            Runs with an error that has it in its name
          </a>
        )}
      </div>
      {hits.length > 0 && <Hits hits={hits} />}
      {cutKinds(hits).map((kind) => (
        <p key={kind} class="hint">
          {`Only the first ${NAMES_PER_KIND} of this kind are shown: ${kind}. Write more of the name.`}
        </p>
      ))}
      {text !== '' && <ContentHits content={content} timezone={timezone} now={now} />}
      {!isFound && <HowToSearch text={text} />}
    </>
  );
}

/** Kinds of which there may be more. */
function cutKinds(hits: readonly SearchHit[]): readonly string[] {
  const kinds = [...new Set(hits.map(({ kind }) => kind))];
  return kinds.filter((kind) => hits.filter((hit) => hit.kind === kind).length >= NAMES_PER_KIND);
}

function Hits({ hits }: { hits: readonly SearchHit[] }): VNode {
  const columns: readonly DataColumn<SearchHit>[] = [
    {
      id: 'kind',
      title: 'Kind',
      value: ({ kind }) => kind,
      cell: ({ kind }) => kind.charAt(0).toUpperCase() + kind.slice(1),
    },
    nameColumn('name', 'Name or id', ({ text }) => text, { hrefOf: ({ path }) => path }),
    {
      id: 'where',
      title: 'Where',
      value: ({ detail }) => detail,
      cell: ({ detail }) => <span class="soft">{detail}</span>,
    },
  ];
  return (
    <Panel label="Found">
      <DataTable
        id="found"
        name="what was found"
        label="What was found"
        rows={hits}
        keyOf={({ kind, text }) => `${kind} ${text}`}
        rowAttributes={({ text }) => ({ 'data-row': text })}
        columns={columns}
      />
    </Panel>
  );
}

const EXAMPLES: readonly (readonly [string, string])[] = [
  ['9f2c41aa', 'an id, or its first 4 characters: of a run, trace, span, response, request or tool call'],
  ['ana', 'part of the name of a user, session, agent, version, tool, model, task or project'],
  ['status:failed user:ana', 'runs of one user that failed'],
  ['user:ana user:ben -task:refund', 'runs of either user, without those of a kind of task'],
  ['tool:search cost>0.5 duration>10s', 'runs that called a tool, by cost and time'],
  ['score:helpful<0.7', 'runs that were scored so; score:helpful=good, or score:helpful for any'],
  ['refund was declined', 'words in recorded requests and answers, in this order, and in notes'],
  ['agent:support error:timeout', 'runs of an agent with an error in any step'],
];

function HowToSearch({ text }: { text: string }): VNode {
  const meant = meantFilters(text);
  return (
    <div class="hello">
      {meant !== undefined && (
        <p>
          Did you mean{' '}
          <a class="mono" href={linkTo('/search', { q: meant })}>
            {searchedName(meant)}
          </a>
          ?
        </p>
      )}
      {text !== '' && (
        <p>
          Nothing has this as its name or as the beginning of its id, and no note or recorded content that can
          be read here has these words. Ids need at least 4 characters.
        </p>
      )}
      <h2>What can be searched for</h2>
      <dl class="examples">
        {EXAMPLES.map(([example, meaning]) => (
          <div key={example}>
            <dt>
              <a class="mono" href={linkTo('/search', { q: example })}>
                {example}
              </a>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
