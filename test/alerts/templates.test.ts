// The texts of alerts as Go renders them: what a person reads on a phone.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import {
  noticeTemplate,
  SLACK_ESCAPES,
  subjectTemplate,
  summaryTemplate,
  TITLE_MARK,
} from '../../alerts/annotations.ts';
import { boardUrlTemplate } from '../../alerts/rule-board.ts';
import { defaultSettings } from '../../alerts/rules/setting.ts';
import { describeWhere } from '../fixtures/describe-where.ts';
import { hasGo } from '../stack/build-servers.ts';
import { ruleOf } from './rules/rule-of.ts';

const RENDERER = join(import.meta.dirname, 'go-template/main.go');
const LIMIT_MS = 120_000;
const ODD = 'conv #1 & 50% + /x?y=z "q"';

interface Alert {
  readonly Labels: Readonly<Record<string, string>>;
  readonly Annotations: Readonly<Record<string, string>>;
}

function render(template: string, data: unknown): string {
  const { status, stdout, stderr } = spawnSync('go', ['run', RENDERER], {
    input: JSON.stringify({ Template: template, Data: data }),
    encoding: 'utf8',
    env: { ...process.env, GO111MODULE: 'off', GOFLAGS: '' },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

function alertsOf(count: number, severity: string): Alert[] {
  return Array.from({ length: count }, (_, index) => ({
    Labels: { severity },
    Annotations: {
      summary: `Conversation cost of c${index}`,
      board: `http://grafana/${index}`,
      subject: `Conversation cost of c${index}`,
      action: 'Compact it.',
    },
  }));
}

describeWhere(
  hasGo(),
  'go',
  'go is not installed',
)('texts of alerts', () => {
  const notice = noticeTemplate(['Look: {{ .Annotations.board }}']);

  it(
    'a name is no word of Slack, and no variable of Grafana',
    () => {
      const [alert] = alertsOf(1, 'warning');
      const summary = 'Cost of <!channel> & co';
      const firing = [{ ...alert, Annotations: { ...alert?.Annotations, summary, subject: summary } }];
      for (const [Firing, Resolved] of [
        [firing, []],
        [[], firing],
      ])
        expect(render(noticeTemplate([], SLACK_ESCAPES), { Alerts: { Firing, Resolved } })).toContain(
          'Cost of &lt;!channel&gt; &amp; co',
        );
      const subject = 'Cost (agent ${HOME} {{ .X }} $__file{/x})';
      const template = subjectTemplate({ ...ruleOf('run-cost'), subject }, { labels: '$labels' });
      expect(template).not.toMatch(/\$\{|\$_/);
      expect(render(template, {})).toBe(subject);
    },
    LIMIT_MS,
  );

  it(
    'a notice of many groups spells out ten, counts the rest, and says once what to do',
    () => {
      const text = render(notice, { Alerts: { Firing: alertsOf(13, 'warning'), Resolved: [] } });
      const lines = text.trimEnd().split('\n');
      expect(lines.filter((line) => line.startsWith('🟠 Conversation cost of c'))).toHaveLength(10);
      expect(lines.slice(0, 2)).toEqual(['🟠 Conversation cost of c0', 'Look: http://grafana/0']);
      expect(lines.slice(-2)).toEqual(['and 3 more', 'Do: Compact it.']);
    },
    LIMIT_MS,
  );

  it(
    'ten groups are all of them',
    () => {
      const text = render(notice, { Alerts: { Firing: alertsOf(10, 'critical'), Resolved: [] } });
      expect(text.match(/🔴/g)).toHaveLength(10);
      expect(text).not.toContain('more');
    },
    LIMIT_MS,
  );

  it(
    'back to normal names each of what is, and nothing to do',
    () => {
      const text = render(notice, { Alerts: { Firing: [], Resolved: alertsOf(12, 'warning') } });
      expect(text.trimEnd().split('\n').slice(-2)).toEqual([
        '✅ Back to normal: Conversation cost of c9',
        'and 2 more back to normal',
      ]);
      expect(text).not.toContain('Do:');
    },
    LIMIT_MS,
  );

  it(
    'the mark of the title is that of the severity',
    () => {
      const titles = (['critical', 'warning'] as const).map((severity) =>
        render(TITLE_MARK, { Status: 'firing', CommonLabels: { severity } }),
      );
      expect(titles).toEqual(['🔴', '🟠']);
      expect(render(TITLE_MARK, { Status: 'resolved', CommonLabels: {} })).toBe('✅ Back to normal:');
    },
    LIMIT_MS,
  );

  it(
    'a value is written as its limit is, and an id arrives whole',
    () => {
      const data = {
        labels: { gen_ai_conversation_id: ODD, gen_ai_tool_name: 'sql' },
        value: 54.21,
        part: 9.091,
        little: 0.5,
      };
      const summary = (id: string, value: string): string =>
        render(summaryTemplate(ruleOf(id), defaultSettings(), { value, labels: '.labels' }), data);
      expect(summary('conversation-cost', '.value')).toMatch(
        /^Conversation cost of conv #1 .* \$54\.21 \(limit \$/,
      );
      expect(summary('conversation-cost', '.little')).toContain(' $0.5000 (');
      expect(summary('tool-failures', '.part')).toMatch(/ of sql 9\.1 % \(limit \d+\.\d %\)$/);
      expect(render(subjectTemplate(ruleOf('tool-failures'), { labels: '.labels' }), data)).toMatch(
        / of sql$/,
      );
      const url = render(boardUrlTemplate(ruleOf('conversation-cost'), 'http://grafana', '.labels'), data);
      expect(new URL(url).searchParams.get('var-session')).toBe(ODD);
    },
    LIMIT_MS,
  );
});
