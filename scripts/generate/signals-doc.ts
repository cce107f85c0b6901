// docs/signals.md: every signal with its definition, what a bad value means, and its queries.

import { TOPICS } from '../../signals/catalogue/index.ts';
import { type Filter, type Fold, type Signal, type Value, type Window } from '../../signals/signal.ts';
import { seriesObstacle } from '../../signals/spans.ts';
import { toLogql } from '../../signals/to-logql.ts';
import { toSql } from '../../signals/to-sql.ts';
import { addToGroup } from '../../core/group-by.ts';
import { DAY_MS, HOUR_MS } from '../../core/time/time.ts';

const DOC_PATH = 'docs/signals.md';

/** docs/signals.md. */
export const signalsDoc = { path: DOC_PATH, render: renderSignalsDoc };

const INTRODUCTION = `# Signals

A signal is a number with one definition. The embedded page, the commands, the boards and the alert rules all show signals, and their SQL and LogQL are compiled from the definitions below; a test compares the answers of DuckDB, of a real Loki and of a reference evaluator over the same events. \`tallyspan signal ID\` reads one, \`tallyspan verify\` compares a store with a Loki.

- Windows are \`(from, to]\`: the instant at the start does not belong to them. Days are calendar days in the configured zone.
- Quantiles interpolate at q·(n−1).
- No data is not 0: a ratio, sum or quantile of nothing has no value; a count of nothing is 0.
- Ratios are 0 to 1, money is nano-USD, time is milliseconds.
- A record marked \`tallyspan.duplicate\` counts only in \`duplicate_calls\` and in the numbering of a process.
- A group without data does not appear; events without the field form a group of their own.

In the LogQL, \`$__range\` is the range of the board and days are days of UTC; a rule has a fixed length in its place. In the SQL, \`$window_from\` and its like are Unix milliseconds.
`;

function renderSignalsDoc(): string {
  const parts = [INTRODUCTION, renderList(), renderLimits()];
  for (const { title, signals } of TOPICS) {
    parts.push(`## ${title}\n`, ...signals.map(renderSignal));
  }
  return parts.join('\n');
}

function renderList(): string {
  const rows = TOPICS.flatMap(({ signals }) =>
    signals.map(({ id, help }) => `- [\`${id}\`](#${id}): ${help}`),
  );
  return `## All signals\n\n${rows.join('\n')}\n`;
}

/** What a back end cannot express. */
function renderLimits(): string {
  const reasons = new Map<string, string[]>();
  for (const signal of TOPICS.flatMap(({ signals }) => signals)) {
    const reason = seriesObstacle(signal);
    if (reason !== undefined) addToGroup(reasons, reason, signal.id);
  }
  const rows = [...reasons].map(([reason, ids]) => `- No time series, because ${reason}: ${codes(ids)}.`);
  return `## What a back end cannot say

Every signal has its number in all three back ends. These forms do not exist:

${rows.join('\n')}
- Daily steps in another zone than UTC in LogQL, because Loki cuts the steps of a range query at midnight UTC. The number of the day itself (\`cost_today\` and its like) is right in every zone.
`;
}

function renderSignal(signal: Signal): string {
  const sql = toSql(signal, { from: 0, to: DAY_MS, timezone: 'UTC' }, (name) => `$${name}`);
  const logql = toLogql(signal, { context: { kind: 'panel' }, timezone: 'UTC' });
  return `### ${signal.id}

**${signal.title}.** ${signal.help}

- **Definition**: ${describeValue(signal.value)}
- **Unit**: ${signal.unit === '1' ? 'a number' : signal.unit}; ${BETTER[signal.better]}. Without data: ${String(signal.whenEmpty)}.
- **Window**: ${describeWindow(signal.window)}
- **By**: ${signal.dimensions.join(', ')}
- **A bad value**: ${signal.bad}
- **What to do**: ${signal.action}

<details><summary>LogQL and SQL</summary>

\`\`\`logql
${'reason' in logql ? `not supported: ${logql.reason}` : logql.logql}
\`\`\`

\`\`\`sql
${sql}
\`\`\`

</details>
`;
}

const BETTER = { up: 'more is better', down: 'less is better', neither: 'neither more nor less is better' };

function describeWindow(window: Window): string {
  switch (window.kind) {
    case 'range':
      return `as asked; by default the last ${lengthText(window.defaultMs)}`;
    case 'rolling':
      return `always the last ${lengthText(window.lengthMs)}`;
    case 'day':
      return 'always the calendar day so far';
  }
}

function lengthText(ms: number): string {
  return ms <= DAY_MS ? `${ms / HOUR_MS} h` : `${ms / DAY_MS} days`;
}

/** A definition in words. */
function describeValue(value: Value): string {
  switch (value.kind) {
    case 'fold':
      return describeFold(value);
    case 'ratio':
      return `${inBrackets(value.of)} ÷ ${inBrackets(value.to)}`;
    case 'total':
      return value.parts
        .map(({ times, over, value: part }, index) => {
          const scale = Math.abs(times) === 1 ? '' : `${Math.abs(times)} × `;
          const sign = times < 0 ? '− ' : index === 0 ? '' : '+ ';
          return `${sign}${scale}${inBrackets(part)}${over === undefined ? '' : ` ÷ ${over}`}`;
        })
        .join(' ');
    case 'guarded':
      return `${describeValue(value.value)}; no value unless ${describeFold(value.needs)} ≥ ${value.atLeast}`;
  }
}

function inBrackets(value: Value): string {
  return value.kind === 'fold' ? describeFold(value) : `(${describeValue(value)})`;
}

const SPANS = {
  window: '',
  settled: ' up to an hour before now',
  aftermath: ' in the hour after that',
  aroundSettled: ' in the hour before and after that',
  before: ' in the hour before the window',
  today: ' today',
  earlierDays: ' on the 7 days before',
  earlierDaysSoFar: ' on the 7 days before, each up to this time of day',
};

function describeFold(fold: Fold): string {
  const kind = fold.of === '*' ? 'all events' : `\`${fold.of}\``;
  const conditions = (fold.where ?? []).map(describeFilter);
  if (fold.unlessBy) {
    const own = fold.unlessBy.where.map(describeFilter).join(' and ');
    conditions.push(`${own} (unless by ${fold.unlessBy.dimension})`);
  }
  const where = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
  const excluded = (fold.unlessRunHas ?? []).map(({ of, span }) => {
    const event = of === '*' ? 'any event' : `\`${of}\``;
    return `${event}${SPANS[span]}`;
  });
  const unless = excluded.length === 0 ? '' : ` unless the run has ${excluded.join(' or ')}`;
  const began = fold.instant === 'start' ? ' that began' : '';
  return `${describeAggregate(fold)} of ${kind}${began}${SPANS[fold.span ?? 'window']}${where}${unless}`;
}

function describeAggregate({ aggregate, field, terms = [] }: Fold): string {
  const sum = terms.map((term) => `${term.times === 1 ? '+' : '−'} \`${term.field}\``).join(' ');
  const name = field === undefined ? `(${sum.replace(/^\+ /, '')})` : `\`${field}\``;
  if (typeof aggregate === 'object') return `p${aggregate.quantile * 100} of ${name}`;
  switch (aggregate) {
    case 'count':
      return 'count';
    case 'sum':
    case 'max':
      return `${aggregate} of ${name}`;
    case 'distinct':
      return `number of different ${name}`;
    case 'days':
      return `number of days with ${name}`;
    case 'historyDays':
      return `number of days since the first with ${name}`;
    case 'maxAge':
      return `greatest time since the date in ${name}`;
    case 'gaps':
      return `numbers missing in ${name} of each process`;
    case 'places':
      return `numbers from the least to the greatest ${name} of each process`;
  }
}

function describeFilter(filter: Filter): string {
  if ('anyOf' in filter) return `(${filter.anyOf.map(describeFilter).join(' or ')})`;
  const name = `\`${filter.field}\``;
  if ('is' in filter) return `${name} is ${String(filter.is)}`;
  if ('isNot' in filter) return `${name} is not ${String(filter.isNot)}`;
  if ('oneOf' in filter) return `${name} is one of ${filter.oneOf.join(', ')}`;
  if ('holds' in filter) return `${name} holds ${filter.holds.join(' or ')}`;
  if ('over' in filter) return `${name} > ${filter.over}`;
  if ('startsNotWith' in filter) return `${name} does not start with \`${filter.startsNotWith}\``;
  return `${name} is there`;
}

function codes(ids: readonly string[]): string {
  return ids.map((id) => `\`${id}\``).join(', ');
}
