// Evaluates a rule of the generated provisioning file the way Grafana does: asks Loki the queries,
// reduces and computes the expressions, joins series by their labels. The wall clock that LogQL
// templates call `now` is set to the moment of evaluation, which for Grafana is the same.

import type { GrafanaStep } from '../../alerts/grafana.ts';

/** A number with the labels of its series. */
export interface LabelledNumber {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

type NumberSet = readonly LabelledNumber[];

interface VectorAnswer {
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

const ATTEMPTS = 3;

/** Values of every step at a moment, Unix ms. */
export async function evaluateSteps(
  steps: readonly GrafanaStep[],
  lokiUrl: string,
  atMs: number,
): Promise<ReadonlyMap<string, NumberSet>> {
  const values = new Map<string, NumberSet>();
  for (const { refId, datasourceUid, model } of steps) {
    if (datasourceUid === 'loki') values.set(refId, await askLoki(lokiUrl, model.expr ?? '', atMs));
    else if (model.type === 'reduce') values.set(refId, reduce(values.get(model.expression ?? '') ?? []));
    else if (model.type === 'math') values.set(refId, compute(model.expression ?? '', values));
    else throw new Error(`the step ${refId} is of no known type`);
  }
  return values;
}

/** The groups for which the condition is true. */
export function metOf(condition: NumberSet): readonly LabelledNumber[] {
  return condition.filter(({ value }) => value !== 0);
}

/** An instant query at a moment. */
export async function askLoki(url: string, logql: string, atMs: number): Promise<NumberSet> {
  const query = atWallClock(logql, atMs);
  const time = `${atMs}000000`;
  const parameters = new URLSearchParams({ query, time, limit: '5000' }).toString();
  const response = await fetchAgain(`${url}/loki/api/v1/query?${parameters}`);
  if (!response.ok) throw new Error(`Loki answered ${response.status} to ${query}: ${await response.text()}`);
  const { data } = (await response.json()) as VectorAnswer;
  return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
}

/** Loki closes the connection of a query that takes half a minute, which a busy machine can make it take. */
async function fetchAgain(url: string): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetch(url);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/** The query with `now` of its templates at a moment instead of the server's clock. */
export function atWallClock(logql: string, atMs: number): string {
  const instant = `(toDate "2006-01-02T15:04:05Z07:00" "${new Date(atMs).toISOString().replace('.000Z', 'Z')}")`;
  return logql.replaceAll(/`[^`]*`/g, (template) => template.replaceAll(/\bnow\b/g, instant));
}

/** Mode dropNN: what is no number is left out. An instant answer has one point, so the last is it. */
function reduce(numbers: NumberSet): NumberSet {
  return numbers.filter(({ value }) => Number.isFinite(value));
}

const OPERATORS: Record<string, (a: number, b: number) => number> = {
  '>': (a, b) => Number(a > b),
  '<': (a, b) => Number(a < b),
  '>=': (a, b) => Number(a >= b),
  '/': (a, b) => a / b,
  '&&': (a, b) => Number(a !== 0 && b !== 0),
};

/** `$A > 2`, `$A / 1000`, `($A > 2) && ($B >= 5) && …`: all that the generated files hold. */
function compute(expression: string, values: ReadonlyMap<string, NumberSet>): NumberSet {
  const parts = expression.split(' && ');
  const [first, ...rest] = parts.map((part) => computeOne(part.replace(/^\((.*)\)$/, '$1'), values));
  return rest.reduce((all, next) => join('&&', all, next), first ?? []);
}

function computeOne(expression: string, values: ReadonlyMap<string, NumberSet>): NumberSet {
  const match = /^\$(\w+) (>=|>|<|\/) ([\d.e+-]+)$/.exec(expression);
  if (match === null) throw new Error(`not an expression of the generated files: ${expression}`);
  const [, refId = '', operator = '', operand] = match;
  return join(operator, values.get(refId) ?? [], [{ labels: {}, value: Number(operand) }]);
}

/** Pairs numbers whose labels are equal, or of which one has none. */
function join(operator: string, left: NumberSet, right: NumberSet): NumberSet {
  const apply = OPERATORS[operator];
  if (apply === undefined) throw new Error(`no operator ${operator}`);
  return left.flatMap((a) =>
    right
      .filter(
        (b) =>
          isEmpty(a.labels) || isEmpty(b.labels) || JSON.stringify(a.labels) === JSON.stringify(b.labels),
      )
      .map((b) => ({ labels: isEmpty(a.labels) ? b.labels : a.labels, value: apply(a.value, b.value) })),
  );
}

function isEmpty(labels: Readonly<Record<string, string>>): boolean {
  return Object.keys(labels).length === 0;
}
