import { afterEach, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { advanceAlert, setToClock, type AlertState } from '../../../alerts/rules/alert-state.ts';
import { RULES } from '../../../alerts/rules/all-rules.ts';
import { readAlertConfig } from '../../../alerts/rules/policy.ts';
import { Alerter } from '../../../server/alerting/alerter.ts';
import { runSignal } from '../../../server/queries/signals/signals.ts';
import { openDatabase } from '../../../server/store/file/database.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';

// A clock that is set back holds up nothing: the rules are checked on, and what was told in the future was told now.

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 20, 12);
const config = readAlertConfig(
  {},
  RULES.map((rule) => rule.id),
);

let dataDir = '';
afterEach(() => rm(dataDir, { recursive: true, force: true }));

it('a clock set back by a day stops no rule', async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'tallyspan-clock-'));
  const database = await openDatabase(dataDir);
  const asked: number[] = [];
  const alerter = await Alerter.open({
    config,
    channels: [],
    dataDir,
    database,
    read: (id, request) => {
      asked.push(request.to);
      return runSignal(database, signalOf(id), request);
    },
    pageUrl: 'http://127.0.0.1:4319',
    log: () => undefined,
  });
  await alerter.check(NOW);
  const atFirst = asked.length;
  await alerter.check(NOW - DAY);
  expect(asked.length).toBe(2 * atFirst);
  expect(alerter.overview().rules.every((rule) => Date.parse(rule.checked_at ?? '') === NOW - DAY)).toBe(
    true,
  );
  await alerter.check(NOW - DAY + DAY / 24);
  expect(asked.length).toBeGreaterThan(2 * atFirst);
  await alerter.close();
  await database.close();
});

it('an alert that was told of in the future is repeated when its time has passed from now', () => {
  const rule = RULES[0];
  if (rule === undefined) throw new Error('there is no rule');
  const firing: AlertState = {
    ruleId: rule.id,
    key: '',
    phase: 'firing',
    sinceMs: NOW + DAY,
    status: 'met',
    value: 2,
    threshold: 1,
    shown: 2,
    judgedMs: NOW + DAY,
    toldMs: NOW + DAY,
    spokeMs: NOW + DAY,
    silentUntilMs: NOW + 2 * DAY,
  };
  const judgement = { ruleId: rule.id, key: '', status: 'met', value: 2, threshold: 1, shown: 2 } as const;
  const state = setToClock(firing, config.policy, NOW);
  expect(state).toMatchObject({ sinceMs: NOW, judgedMs: NOW, toldMs: NOW, spokeMs: NOW });
  expect(state.silentUntilMs).toBe(NOW + config.policy.cooldownMs);
  const later = NOW + config.policy.renotifyMs;
  expect(
    advanceAlert(state, judgement, { ...rule, severity: 'critical' }, config.policy, later).telling,
  ).toBe('repeat');
  expect(setToClock(state, config.policy, later)).toBe(state);
});
