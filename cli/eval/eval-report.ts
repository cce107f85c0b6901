// Reports of an evaluation: a Markdown table for a pull request, and JUnit XML for a CI server.

import { formatCost, formatCount, formatDuration, formatPercent } from '../../core/text/format.ts';
import { passAtK, passRate, type Evaluation, type Regression } from '../../core/scores/evaluation.ts';

export interface EvalReport {
  readonly evaluation: Evaluation;
  readonly baseline: Evaluation | undefined;
  readonly regressions: readonly Regression[];
  /** What a judge says, which decides nothing. */
  readonly advice: readonly Regression[];
  /** Limits that are not kept, in words. */
  readonly overLimits: readonly string[];
}

/** The numbers over all items, now and before. */
export function summaryRows({
  evaluation,
  baseline,
}: EvalReport): readonly (readonly [string, string, string])[] {
  const k = Math.max(1, ...evaluation.items.map(({ trials }) => trials));
  const rows = (one: Evaluation | undefined): readonly string[] => [
    formatPercent(one && passRate(one.items)),
    formatPercent(one && passAtK(one.items, k)),
    formatCost(one && meanCost(one)),
    formatCount(one && Math.max(0, ...one.items.map(({ turns }) => turns))),
    formatDuration(one && Math.max(0, ...one.items.map(({ durationMs }) => durationMs ?? 0))),
  ];
  const titles = ['pass rate', `pass@${k}`, 'cost per item', 'most turns', 'slowest run'];
  const before = rows(baseline);
  return rows(evaluation).map((value, index) => [titles[index] ?? '', value, before[index] ?? '']);
}

function meanCost({ items }: Evaluation): number | undefined {
  const known = items.flatMap(({ costNanoUsd }) => costNanoUsd ?? []);
  return known.length < items.length || known.length === 0
    ? undefined
    : known.reduce((sum, cost) => sum + cost, 0) / known.length;
}

export function renderMarkdown(report: EvalReport): string {
  const { evaluation, regressions, advice, overLimits } = report;
  const isGood = regressions.length === 0 && overLimits.length === 0;
  const lines = [
    `### ${isGood ? '✅' : '❌'} ${escapeMarkdown(evaluation.dataset)}: ${isGood ? 'no regression' : `${regressions.length + overLimits.length} found`}`,
    '',
    '| | now | baseline |',
    '| --- | ---: | ---: |',
    ...summaryRows(report).map((row) => `| ${row.join(' | ')} |`),
  ];
  if (!isGood)
    lines.push(
      '',
      '| item | what | why |',
      '| --- | --- | --- |',
      ...regressions.map(
        ({ item, kind, text }) => `| ${[item, kind, text].map(escapeMarkdown).join(' | ')} |`,
      ),
      ...overLimits.map((text) => `| all | limit | ${escapeMarkdown(text)} |`),
    );
  if (advice.length > 0)
    lines.push(
      '',
      ...advice.map(({ item, text }) => `- advice of the judge: ${escapeMarkdown(`${item}: ${text}`)}`),
    );
  return `${lines.join('\n')}\n`;
}

export function renderJunit({ evaluation, regressions, overLimits }: EvalReport): string {
  const cases = [
    ...evaluation.items.map((item) => ({
      name: item.id,
      seconds: (item.durationMs ?? 0) / 1000,
      faults: regressions.filter((one) => one.item === item.id).map(({ kind, text }) => `${kind}: ${text}`),
    })),
    ...regressions
      .filter(({ item }) => !evaluation.items.some(({ id }) => id === item))
      .map(({ item, kind, text }) => ({ name: item, seconds: 0, faults: [`${kind}: ${text}`] })),
    ...(overLimits.length === 0 ? [] : [{ name: 'limits', seconds: 0, faults: overLimits }]),
  ];
  const failed = cases.filter(({ faults }) => faults.length > 0).length;
  const name = escapeXml(evaluation.dataset);
  const lines = cases.map(({ name: item, seconds, faults }) => {
    const head = `    <testcase classname="${name}" name="${escapeXml(item)}" time="${seconds.toFixed(3)}"`;
    if (faults.length === 0) return `${head}/>`;
    return `${head}><failure message="${escapeXml(faults[0] ?? '')}">${escapeXml(faults.join('\n'))}</failure></testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${cases.length}" failures="${failed}">`,
    `  <testsuite name="${name}" tests="${cases.length}" failures="${failed}">`,
    ...lines,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\|<>`*_[\]]/g, String.raw`\$&`).replace(/\s+/g, ' ');
}

/** What XML cannot hold at all is left out. */
function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return (
    text
      // oxlint-disable-next-line no-control-regex
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replace(/[&<>"]/g, (one) => entities[one] ?? one)
  );
}
