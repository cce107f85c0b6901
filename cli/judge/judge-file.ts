// A judge file: which failures a judge looks for, with which model, in how many of the runs, and for how much a day.

import { createHash } from 'node:crypto';
import { canPriceModel } from './judge-price.ts';
import { JUDGE_PROMPT_VERSION, type JudgeRule } from '../../core/scores/judge.ts';
import { parseMoney } from '../check/limit-options.ts';
import { readTextFile } from '../files/text-file.ts';
import { CliError } from '../terminal/cli-error.ts';

export interface JudgeFile {
  readonly rules: readonly JudgeRule[];
  /** Nano-USD of a calendar day, of all rules together. */
  readonly maxCostPerDayNanoUsd: number;
}

const KEYS = ['model', 'maxCostPerDay', 'sample', 'agent', 'rules'];
const RULE_KEYS = ['name', 'failure', 'model', 'sample', 'agent'];
const MOST_FAILURE_CHARS = 1000;
const MOST_RULES = 20;
const EXAMPLE =
  '{"model":"claude-haiku-4-5","maxCostPerDay":"$1","sample":0.1,"rules":[{"name":"nothing_made_up","failure":"The answer states something that no tool result says."}]}';

/** @throws CliError that says what is wrong and where */
export async function readJudgeFile(file: string): Promise<JudgeFile> {
  const text = await readTextFile(file).catch(() => {
    throw new CliError(`there is no judge file ${file}. Write one such as ${EXAMPLE}`);
  });
  const wrong = (what: string): CliError => new CliError(`${file}: ${what}`);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw wrong(`this is no JSON. Write it as ${EXAMPLE}`);
  }
  const whole = objectOf(raw, KEYS, wrong, 'the file');
  const { maxCostPerDay, rules } = whole;
  if (typeof maxCostPerDay !== 'string')
    throw wrong('set "maxCostPerDay", such as "$1": a judge has a limit of its own.');
  const maxCostPerDayNanoUsd = moneyOf(maxCostPerDay, wrong);
  if (!Array.isArray(rules) || rules.length === 0 || rules.length > MOST_RULES)
    throw wrong(`"rules" is a list of 1 to ${MOST_RULES} rules, one failure each.`);
  const read = rules.map((rule: unknown, index) => ruleOf(rule, whole, index, wrong));
  const twice = read.find(({ name }, index) => read.findIndex((one) => one.name === name) !== index);
  if (twice !== undefined) throw wrong(`two rules have the name "${twice.name}".`);
  return { rules: read, maxCostPerDayNanoUsd };
}

function ruleOf(
  raw: unknown,
  whole: Readonly<Record<string, unknown>>,
  index: number,
  wrong: (what: string) => CliError,
): JudgeRule {
  const rule = objectOf(raw, RULE_KEYS, wrong, `rule ${index + 1}`);
  const { name, failure } = rule;
  const where = typeof name === 'string' ? `rule "${name}"` : `rule ${index + 1}`;
  if (typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name))
    throw wrong(`${where}: "name" is 1 to 64 letters, digits, _, . or -.`);
  if (typeof failure !== 'string' || failure.trim() === '' || failure.length > MOST_FAILURE_CHARS)
    throw wrong(
      `${where}: "failure" says in a sentence what must not happen (at most ${MOST_FAILURE_CHARS} characters).`,
    );
  const model = rule['model'] ?? whole['model'];
  if (typeof model !== 'string' || model === '') throw wrong(`${where}: name a "model".`);
  if (!canPriceModel(model))
    throw wrong(
      `${where}: ${model} has no price, so no limit could be kept. tallyspan prices lists the models.`,
    );
  const sample = rule['sample'] ?? whole['sample'] ?? 1;
  if (typeof sample !== 'number' || !(sample > 0 && sample <= 1))
    throw wrong(`${where}: "sample" is a share above 0, up to 1.`);
  const agent = rule['agent'] ?? whole['agent'];
  if (agent !== undefined && typeof agent !== 'string')
    throw wrong(`${where}: "agent" is the name of an agent.`);
  return { name, failure: failure.trim(), model, sample, agent };
}

function objectOf(
  raw: unknown,
  keys: readonly string[],
  wrong: (what: string) => CliError,
  what: string,
): Readonly<Record<string, unknown>> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw wrong(`${what} is no object.`);
  for (const key of Object.keys(raw))
    if (!keys.includes(key)) throw wrong(`${what} has "${key}"; it may have ${keys.join(', ')}.`);
  return raw as Readonly<Record<string, unknown>>;
}

function moneyOf(text: string, wrong: (what: string) => CliError): number {
  try {
    return parseMoney(text);
  } catch {
    throw wrong(`"maxCostPerDay" is an amount such as "$1", not "${text}".`);
  }
}

/** Name and version of a judge: another failure, model or way to ask is another judge. */
export function judgeVersion({ name, failure, model }: JudgeRule): string {
  const of = JSON.stringify([JUDGE_PROMPT_VERSION, failure, model]);
  return `judge:${name}@${createHash('sha256').update(of).digest('hex').slice(0, 8)}`;
}

/** Whether the run is of those that are judged: the same each time it is asked. */
export function isSampled({ name, sample }: JudgeRule, runId: string): boolean {
  if (sample >= 1) return true;
  const hash = createHash('sha256').update(`${name}/${runId}`).digest();
  return hash.readUInt32BE(0) / 2 ** 32 < sample;
}
