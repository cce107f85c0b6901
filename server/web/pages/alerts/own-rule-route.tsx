// The addresses of rules of one's own: the form with its test, saving, deleting, and the export as code.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RULES } from '../../../../alerts/rules/all-rules.ts';
import type { ChannelName } from '../../../../alerts/rules/channel-settings.ts';
import { OwnRuleError, ruleOfOwn, type OwnRule } from '../../../../alerts/rules/own-rule.ts';
import { ruleCode } from '../../../../alerts/rules/rule-code.ts';
import { ruleSentence } from '../../../../alerts/rules/rule-words.ts';
import { defaultSettings } from '../../../../alerts/rules/setting.ts';
import type { Alerter } from '../../../alerting/alerter.ts';
import { RequestError } from '../../../questions/request-error.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import { checkSameOrigin } from '../../access/same-origin.ts';
import { isForPeople, type WebContext } from '../../web-context.ts';
import { channelsOf, fieldsOfRule, readRuleFields, ruleOfFields, type RuleFields } from './own-rule-form.ts';
import { NEW_RULE_PATH, OwnRulePage, type OwnRuleView } from './own-rule-page.tsx';

type IdRoute = { Params: { id: string }; Querystring: { format?: string } };

/** How long a test may read more finely. */
const TEST_MS = 6000;
const HTTP_BAD_REQUEST = 400;
const HTTP_CREATED = 201;

export function registerOwnRulesRoutes(app: FastifyInstance, context: WebContext): void {
  app.get(NEW_RULE_PATH, async (request, reply) => {
    const alerter = alerterOf(context);
    const query = new URLSearchParams(request.url.split('?')[1] ?? '');
    const all = configured(alerter);
    const edited = query.get('edit') ?? '';
    const kept = edited === '' ? undefined : alerter.own.find(edited);
    if (edited !== '' && kept === undefined) throw new RequestError(404, `there is no rule ${edited}`);
    const isUntouched = kept !== undefined && !query.has('signal');
    const fields = isUntouched
      ? fieldsOfRule(kept.own, alerter.changes.channelsOf(edited)?.names ?? kept.own.channels ?? all)
      : readRuleFields(query, all);
    return show(request, reply, fields, query.has('test'));
  });

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    fields: RuleFields,
    isTest: boolean,
    faults: readonly string[] = [],
  ): Promise<FastifyReply> {
    const alerter = alerterOf(context);
    const now = pageNow(context.store);
    const view = { fields, channels: configured(alerter), timezone: context.timezone, now };
    let problems = faults;
    let tested: OwnRuleView['tested'];
    if (isTest && problems.length === 0) {
      try {
        const rule = ruleOfOwn(ruleOfFields(fields, takenOf(alerter)));
        const backtest = await alerter.backtest(rule, now, TEST_MS);
        tested = { rule, sentence: ruleSentence(rule, defaultSettings()), backtest };
      } catch (error) {
        if (!(error instanceof OwnRuleError)) throw error;
        ({ problems } = error);
      }
    }
    if (problems.length > 0) void reply.code(HTTP_BAD_REQUEST);
    const page = <OwnRulePage view={{ ...view, problems, ...(tested && { tested }) }} />;
    return answerPage(
      context,
      request,
      reply,
    )(page, {
      title: fields.edit === '' ? 'New alert rule' : 'Change an alert rule',
    });
  }

  app.post(NEW_RULE_PATH, async (request, reply) => {
    checkSameOrigin(request, context.access.pageOrigin);
    const alerter = alerterOf(context);
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    const all = configured(alerter);
    const fields = readRuleFields(form, all);
    let own: OwnRule;
    try {
      own = ruleOfFields(fields, takenOf(alerter));
      save(alerter, own, channelsOf(fields.channels, all), request.ip);
    } catch (error) {
      if (!(error instanceof OwnRuleError)) throw error;
      if (!isForPeople(request)) throw new RequestError(HTTP_BAD_REQUEST, error.message);
      return show(request, reply, fields, false, error.problems);
    }
    if (!isForPeople(request)) return reply.code(HTTP_CREATED).send(own);
    return reply.redirect(`/alerts/${own.id}`, 303);
  });

  app.post<IdRoute>('/alerts/:id/delete', async (request, reply) => {
    checkSameOrigin(request, context.access.pageOrigin);
    const alerter = alerterOf(context);
    const { id } = request.params;
    const kept = alerter.own.find(id);
    if (kept === undefined) throw new RequestError(404, `there is no rule ${id} that was made on the page`);
    try {
      alerter.own.delete(id);
    } catch (error) {
      throw error instanceof OwnRuleError ? new RequestError(HTTP_BAD_REQUEST, error.message) : error;
    }
    alerter.forget(kept.rule);
    alerter.changes.forget(id);
    return reply.redirect('/alerts', 303);
  });

  app.get('/alerts/export', async (_request, reply) => {
    const rules = alerterOf(context)
      .own.all()
      .map(({ own }) => own);
    return download(reply, 'alert-rules.json', 'application/json', `${JSON.stringify({ rules }, null, 2)}\n`);
  });

  app.get<IdRoute>('/alerts/:id/export', async (request, reply) => {
    const alerter = alerterOf(context);
    const { id } = request.params;
    const kept = alerter.own.find(id);
    const rule = kept?.rule ?? RULES.find((one) => one.id === id);
    if (rule === undefined) throw new RequestError(404, `there is no rule ${id}`);
    const { format = 'code' } = request.query;
    if (format === 'code') return download(reply, `${id}.ts`, 'text/plain; charset=utf-8', ruleCode(rule));
    if (format !== 'json') throw new RequestError(HTTP_BAD_REQUEST, 'format is code or json');
    if (kept === undefined)
      throw new RequestError(HTTP_BAD_REQUEST, `${id} is built in: its limit is set by a variable`);
    const channels = alerter.changes.channelsOf(id)?.names;
    const own = { ...kept.own, ...(channels && { channels }) };
    return download(reply, `${id}.json`, 'application/json', `${JSON.stringify({ rules: [own] })}\n`);
  });
}

function save(
  alerter: Alerter,
  own: OwnRule,
  channels: readonly ChannelName[] | undefined,
  by: string,
): void {
  const before = alerter.own.find(own.id);
  alerter.own.save(own, { atMs: Date.now(), by });
  // What is known of the rule before says nothing of another number.
  if (before !== undefined) alerter.forget(before.rule);
  alerter.changes.setChannels(own.id, channels, { atMs: Date.now(), by });
}

/** @throws RequestError */
function alerterOf(context: WebContext): Alerter {
  const alerter = context.alerter?.();
  if (alerter === undefined) throw new RequestError(503, 'alerting has not started yet');
  return alerter;
}

function configured(alerter: Alerter): readonly ChannelName[] {
  return alerter.overview().channels.map(({ channel }) => channel);
}

function takenOf(alerter: Alerter): ReadonlySet<string> {
  return new Set(alerter.own.all().map(({ own }) => own.id));
}

function download(reply: FastifyReply, name: string, type: string, text: string): FastifyReply {
  return reply.type(type).header('content-disposition', `attachment; filename="${name}"`).send(text);
}
