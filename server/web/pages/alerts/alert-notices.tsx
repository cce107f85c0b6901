// The last notices as people were told them: what happened, why, where to look and what to do.

import type { VNode } from 'preact';
import type { Notice, NoticeSegment } from '../../../../alerts/rules/notice.ts';
import type { AlertOverview } from '../../../alerting/alert-overview.ts';
import { Moment } from '../../parts/cells.tsx';
import { fileColumn } from '../../parts/data-columns.tsx';
import { DataTable, type DataColumn } from '../../parts/data-table.tsx';
import { Panel } from '../../parts/panel.tsx';
import { KIND_WORDS, lookText, noticeHref, type Clock } from './alert-texts.ts';

const ALERTS_PATH = '/alerts';

/** Id of the notice's row on the page. */
export function noticeAnchor(notice: Notice): string {
  return `notice-${notice.id}`;
}

export function AlertNotices({ overview, clock }: { overview: AlertOverview; clock: Clock }): VNode {
  const columns: readonly DataColumn<Notice>[] = [
    {
      id: 'sent_at',
      title: 'Sent',
      value: sentAt,
      cell: (notice) => (
        <>
          <Moment at={sentAt(notice)} timezone={clock.timezone} now={clock.now} />
          <div>
            <span class={`badge ${LOOKS[notice.kind] ?? ''}`}>{KIND_WORDS[notice.kind]}</span>
          </div>
          <span class="hint">{notice.severity}</span>
        </>
      ),
    },
    fileColumn('kind', ({ kind }) => KIND_WORDS[kind]),
    fileColumn('severity', ({ severity }) => severity),
    fileColumn('rule', ({ ruleId }) => ruleId),
    {
      id: 'what',
      title: 'What',
      value: ({ headline }) => headline,
      cell: (notice) => <NoticeText notice={notice} pageUrl={overview.page_url} />,
      attributes: () => ({ class: 'wrap' }),
    },
    fileColumn(
      'why',
      ({ why }) => why.map((line) => line.map(({ text }) => text).join('')).join('; ') || null,
    ),
  ];
  return (
    <Panel id="notices" title="Last notices">
      {overview.notices.length === 0 ? (
        <div class="empty">No notice has been sent yet.</div>
      ) : (
        <DataTable
          id="notices"
          name="last notices"
          look="as-cards"
          rows={overview.notices}
          keyOf={({ id }) => id}
          rowAttributes={(notice) => ({ id: noticeAnchor(notice) })}
          columns={columns}
        />
      )}
    </Panel>
  );
}

function sentAt({ atMs }: Notice): string {
  return new Date(atMs).toISOString();
}

const LOOKS: Partial<Record<Notice['kind'], string>> = { firing: 'failed', repeat: 'failed', resolved: 'ok' };

function NoticeText({ notice, pageUrl }: { notice: Notice; pageUrl: string | null }): VNode {
  const look = noticeHref(notice.look.url, pageUrl);
  return (
    <>
      {notice.headline}
      {notice.why.map((line, index) => (
        <span key={index} class="hint">
          {line.map((segment, position) => (
            <Segment key={position} segment={segment} pageUrl={pageUrl} />
          ))}
        </span>
      ))}
      {look !== undefined && look !== ALERTS_PATH && (
        <span class="hint">
          Look: <Link href={look} text={lookText(look)} />
        </span>
      )}
      {notice.action !== '' && <span class="hint">What to do: {notice.action}</span>}
    </>
  );
}

function Segment({ segment, pageUrl }: { segment: NoticeSegment; pageUrl: string | null }): VNode {
  const href = noticeHref(segment.url, pageUrl);
  return href === undefined ? <>{segment.text}</> : <Link href={href} text={segment.text} />;
}

function Link({ href, text }: { href: string; text: string }): VNode {
  return (
    <a href={href} rel={href.startsWith('/') ? undefined : 'noreferrer'}>
      {text}
    </a>
  );
}
