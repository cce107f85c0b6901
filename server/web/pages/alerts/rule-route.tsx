// The addresses of one alert rule: its page, and the forms that change its limit and silence it.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RULES } from '../../../../alerts/rules/all-rules.ts';
import { CHANNEL_NAMES } from '../../../../alerts/rules/channel-settings.ts';
import { settingOf, type Rule } from '../../../../alerts/rules/rule.ts';
import { durationMsOf } from '../../../../core/time/duration.ts';
import { NANO_USD_PER_USD } from '../../../../core/money.ts';
import { SignalError } from '../../../../signals/signal.ts';
import type { Alerter } from '../../../alerting/alerter.ts';
import { LimitError, type AlertChanges } from '../../../alerting/alert-changes.ts';
import type { RuleLine } from '../../../alerting/alert-overview.ts';
import { listRunPage } from '../../../queries/runs/list-runs.ts';
import type { RunFilter } from '../../../queries/runs/run-filter.ts';
import { readChart, type ChartData } from '../../../queries/signals/read-chart.ts';
import type { QueryText } from '../../../questions/query-params.ts';
import { parseRunFilter } from '../../../questions/run-filter-params.ts';
import { RequestError } from '../../../questions/request-error.ts';
import { parseStretch, type Stretch } from '../../../questions/stretch.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import { checkSameOrigin } from '../../access/same-origin.ts';
import type { WebContext } from '../../web-context.ts';
import { channelsOf } from './own-rule-form.ts';
import { RULE_TIME, RulePage, runsParams, scoreBehind } from './rule-page.tsx';

const RUNS_SHOWN = 20;
const LONGEST_SILENCE_MS = 30 * 86_400_000;
const MS_PER_SECOND = 1000;

type RuleRoute = { Params: { id: string }; Querystring: QueryText };

export function registerRulesRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;

  app.get<RuleRoute>('/alerts/:id', async (request, reply) => {
    const now = pageNow(context.store);
    const rule = ruleOf(request.params.id, context.alerter?.());
    const overview = context.readAlerts();
    const line = overview?.rules.find(({ id }) => id === rule.id);
    if (overview === undefined) throw new RequestError(503, 'alerting has not started yet');
    if (line === undefined) throw new RequestError(404, `the rule ${rule.id} is switched off`);
    const stretch = parseStretch(request.query, { now, timezone, time: RULE_TIME });
    const time = { since: stretch.from, ...(stretch.to >= now ? {} : { until: stretch.to }) };
    const filter = {
      ...parseRunFilter(runsParams(rule, line.threshold), now),
      // A run may be scored long after it ended: what counts is when.
      ...(rule.runs === 'scores'
        ? { scores: [{ ...scoreBehind(rule, line.threshold), given: stretch }] }
        : time),
      ...filterOf(rule),
      limit: RUNS_SHOWN,
    };
    const [chart, page] = await Promise.all([
      readCourse(rule, stretch, now),
      rule.runs === 'none' ? undefined : listRunPage(database, filter),
    ]);
    const view = { rule, line, overview, limit: limitOf(rule, line), chart, runs: page?.runs ?? [], stretch };
    return answerPage(
      context,
      request,
      reply,
    )(<RulePage view={{ ...view, zone: timezone, now }} />, {
      title: rule.title,
      stretch,
    });
  });

  /** Undefined where the signal has none. */
  async function readCourse(rule: Rule, stretch: Stretch, now: number): Promise<ChartData | undefined> {
    const window = {
      from: stretch.from,
      to: stretch.to,
      now,
      timezone: stretch.timezone,
      where: rule.where,
    };
    if (rule.against !== undefined) return undefined;
    try {
      return await readChart(database, {
        signal: rule.signal,
        window,
        ...(rule.by === undefined ? {} : { by: rule.by }),
      });
    } catch (error) {
      if (error instanceof SignalError) return undefined;
      throw error;
    }
  }

  app.post<RuleRoute>('/alerts/:id/limit', async (request, reply) => {
    const { rule, changes, form, by } = readForm(request);
    const isReset = form.get('reset') === 'true';
    const text = form.get('value') ?? '';
    try {
      const value = isReset ? undefined : text === '' ? Number.NaN : Number(text);
      changes.setLimit(rule.threshold, value, { atMs: Date.now(), by });
    } catch (error) {
      throw error instanceof LimitError ? new RequestError(400, error.message) : error;
    }
    return reply.redirect(`/alerts/${rule.id}`, 303);
  });

  app.post<RuleRoute>('/alerts/:id/silence', async (request, reply) => {
    const { rule, changes, form, by } = readForm(request);
    const lengthMs = durationMsOf(form.get('for') ?? '');
    const isEnd = form.get('end') === 'true';
    if (!isEnd && (lengthMs === undefined || lengthMs <= 0 || lengthMs > LONGEST_SILENCE_MS))
      throw new RequestError(400, 'a silence is a length of time of at most 30d, such as 8h');
    const untilMs = isEnd ? undefined : Date.now() + (lengthMs ?? 0);
    changes.silence(rule.id, untilMs, { atMs: Date.now(), by });
    return reply.redirect(`/alerts/${rule.id}`, 303);
  });

  app.post<RuleRoute>('/alerts/:id/channels', async (request, reply) => {
    const { rule, changes, form, by } = readForm(request);
    const wrong = form.getAll('channel').find((name) => !CHANNEL_NAMES.some((known) => known === name));
    if (wrong !== undefined) throw new RequestError(400, `there is no channel ${wrong}`);
    const all = context.readAlerts()?.channels.map(({ channel }) => channel) ?? [];
    const names = channelsOf(form.getAll('channel'), all);
    // A rule that has channels of its own is told to take them all by their names.
    const chosen = names ?? (rule.channels === undefined ? undefined : all);
    changes.setChannels(rule.id, chosen, { atMs: Date.now(), by });
    return reply.redirect(`/alerts/${rule.id}`, 303);
  });

  function readForm(request: FastifyRequest<RuleRoute>): {
    rule: Rule;
    changes: AlertChanges;
    form: URLSearchParams;
    by: string;
  } {
    checkSameOrigin(request, context.access.pageOrigin);
    const alerter = context.alerter?.();
    if (alerter === undefined) throw new RequestError(503, 'alerting has not started yet');
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    const rule = ruleOf(request.params.id, alerter);
    return { rule, changes: alerter.changes, form, by: request.ip };
  }
}

/** @throws RequestError */
function ruleOf(id: string, alerter: Alerter | undefined): Rule {
  const rule = RULES.find((one) => one.id === id) ?? alerter?.own.find(id)?.rule;
  if (rule === undefined) throw new RequestError(404, `there is no rule ${id}`);
  return rule;
}

/** In the unit that people set it in. */
function limitOf(rule: Rule, line: RuleLine): number {
  const unit = settingOf(rule.threshold)?.unit;
  if (unit === 'usd') return line.threshold / NANO_USD_PER_USD;
  return unit === 'seconds' ? line.threshold / MS_PER_SECOND : line.threshold;
}

/** What a rule can be about that the list of runs can be narrowed to. */
const NARROWINGS = ['user', 'agent', 'version', 'task', 'project', 'session', 'model', 'tool'] as const;

/** The runs of a rule that is about some only, as far as the list can be narrowed to them. */
function filterOf({ where = {} }: Rule): Partial<Pick<RunFilter, (typeof NARROWINGS)[number]>> {
  return Object.fromEntries(
    NARROWINGS.flatMap((name) => (where[name] === undefined ? [] : [[name, where[name]]])),
  );
}
