// The provisioned rules in a running Grafana: set GRAFANA_URL (and GRAFANA_USER, GRAFANA_PASSWORD) to one
// that was started by the compose file. It has loaded every rule, and evaluates each without an error.

import { expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWhere } from '../fixtures/describe-where.ts';
import { RULES } from '../../alerts/rules/all-rules.ts';

const url = process.env['GRAFANA_URL']?.replace(/\/+$/, '');
const login = `${process.env['GRAFANA_USER'] ?? 'admin'}:${process.env['GRAFANA_PASSWORD'] ?? 'admin'}`;
const describeGrafana = describeWhere(
  url !== undefined,
  'provisioned rules in Grafana',
  'GRAFANA_URL is not set',
);

const EVALUATION_LIMIT_MS = 12 * 60_000;
const POLL_MS = 5000;

interface EvaluatedRule {
  readonly uid?: string;
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}

async function ask(path: string): Promise<unknown> {
  const authorization = `Basic ${Buffer.from(login).toString('base64')}`;
  const response = await fetch(`${url ?? ''}${path}`, { headers: { authorization } });
  if (!response.ok) throw new Error(`Grafana answered ${response.status} to ${path}`);
  return response.json();
}

async function evaluatedRules(): Promise<readonly EvaluatedRule[]> {
  const answer = (await ask('/api/prometheus/grafana/api/v1/rules')) as {
    data: { groups: { rules: EvaluatedRule[] }[] };
  };
  const titles = new Set(RULES.map((rule) => rule.title));
  return answer.data.groups.flatMap((group) => group.rules).filter((rule) => titles.has(rule.name));
}

describeGrafana('a running Grafana', () => {
  it('has loaded every rule from the file', async () => {
    const rules = (await ask('/api/v1/provisioning/alert-rules')) as { uid: string; provenance: string }[];
    const ours = rules.filter((rule) => rule.uid.startsWith('tallyspan-'));
    expect(ours.map((rule) => rule.uid).toSorted()).toEqual(
      RULES.map((rule) => `tallyspan-${rule.id}`).toSorted(),
    );
    expect(new Set(ours.map((rule) => rule.provenance))).toEqual(new Set(['file']));
  });

  it(
    'evaluates every rule without an error',
    async () => {
      const untilMs = Date.now() + EVALUATION_LIMIT_MS;
      let rules = await evaluatedRules();
      while (rules.some((rule) => rule.health === 'unknown') && Date.now() < untilMs) {
        await sleep(POLL_MS);
        rules = await evaluatedRules();
      }
      expect(rules).toHaveLength(RULES.length);
      expect(rules.filter((rule) => rule.health === 'error' || rule.health === 'unknown')).toEqual([]);
    },
    EVALUATION_LIMIT_MS + 60_000,
  );
});
