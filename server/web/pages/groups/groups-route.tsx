// The address of the comparison of groups.

import type { FastifyInstance } from 'fastify';
import { compareGroups, type GroupsReport } from '../../../queries/groups/compare-groups.ts';
import { readVersionsReport } from '../../../queries/groups/read-versions.ts';
import { readGroups } from '../../../queries/signals/signal-numbers.ts';
import { readGroupQuestion } from '../../../questions/group-question.ts';
import { filterTextOf } from '../../../questions/filter-text.ts';
import { GROUPS_TIME, parseGroupsQuestion, parseVersionsQuestion } from '../../../questions/groups-params.ts';
import { textParam, textParams, type QueryText } from '../../../questions/query-params.ts';
import { parseStretch, type Stretch } from '../../../questions/stretch.ts';
import { COMPARE_GROUPS_ROUTE, VERSIONS_ROUTE } from '../../openapi/routes.ts';
import { answerPage } from '../../answer-page.tsx';
import { pageNow } from '../../page-now.ts';
import type { WebContext } from '../../web-context.ts';
import { GROUPS_PATH, GroupsPage, type GroupsView } from './groups-page.tsx';

export function registerGroupsRoutes(app: FastifyInstance, context: WebContext): void {
  const { database, timezone } = context;
  app.get<{ Querystring: QueryText }>(
    '/api/compare/groups',
    { schema: COMPARE_GROUPS_ROUTE },
    async ({ query }): Promise<GroupsReport> => {
      const question = parseGroupsQuestion(query, pageNow(context.store), timezone);
      return (await compareGroups(database, question.a, question.b)).report;
    },
  );
  app.get<{ Querystring: QueryText }>('/api/versions', { schema: VERSIONS_ROUTE }, ({ query }) =>
    readVersionsReport(database, parseVersionsQuestion(query, pageNow(context.store), timezone)),
  );

  app.get<{ Querystring: QueryText }>(GROUPS_PATH, async (request, reply) => {
    const now = pageNow(context.store);
    const { query } = request;
    const stretch = parseStretch(query, { now, timezone, time: GROUPS_TIME });
    // Boxes that were ticked in a list.
    const [first = '', second = ''] = textParams(query, 'pick');
    const aText = textParam(query, 'a') ?? first;
    const bText = textParam(query, 'b') ?? second;
    const view =
      aText === '' || bText === ''
        ? {
            sides: undefined,
            report: undefined,
            split: undefined,
            suggestions: await suggest(stretch, now),
          }
        : { ...(await compare(aText, bText, stretch, now)), suggestions: [] };
    return answerPage(
      context,
      request,
      reply,
    )(<GroupsPage view={{ ...view, aText, bText, stretch, zone: timezone }} />, {
      title: 'Compare groups',
      stretch,
    });
  });

  async function compare(
    aText: string,
    bText: string,
    stretch: Stretch,
    now: number,
  ): Promise<Pick<GroupsView, 'sides' | 'report' | 'split'>> {
    const [a, b] = [readGroupQuestion(aText, stretch, now), readGroupQuestion(bText, stretch, now)];
    const { a: groupA, b: groupB, report } = await compareGroups(database, a, b);
    const canSplit =
      a.where !== undefined && b.where !== undefined && groupA.numbers.runs > 0 && groupB.numbers.runs > 0;
    const split = canSplit
      ? await context.readReport(
          { groups: 'split', a: a.text, b: b.text, ...stretch.params },
          {
            from: b.stretch.from,
            to: b.stretch.to,
            againstFrom: a.stretch.from,
            againstTo: a.stretch.to,
            where: b.where,
            againstWhere: a.where,
            scale: groupB.numbers.runs / groupA.numbers.runs,
          },
        )
      : undefined;
    return {
      sides: { a: { question: a, group: groupA }, b: { question: b, group: groupB } },
      report,
      split,
    };
  }

  /** What there is to compare: the two that were used most, of each dimension that has two. */
  async function suggest(stretch: Stretch, now: number): Promise<GroupsView['suggestions']> {
    const window = { from: stretch.from, to: stretch.to, now, timezone: stretch.timezone };
    const found = await Promise.all(
      (['version', 'model', 'agent', 'user', 'task'] as const).map(async (by) => {
        const groups = await readGroups(database, 'cost', { ...window, by });
        const [a, b] = [...groups.keys()].filter((name): name is string => name !== null && name !== '');
        if (a === undefined || b === undefined) return [];
        return [{ title: `Two ${by}s`, a: filterTextOf([[by, a]]), b: filterTextOf([[by, b]]) }];
      }),
    );
    return [{ title: 'Yesterday and today', a: 'time:yesterday', b: 'time:today' }, ...found.flat()];
  }
}
