import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { meantFilters } from '../../../server/questions/filter-keys.ts';
import { filterTextOf, readFilterText, readRunLine } from '../../../server/questions/filter-text.ts';
import { RUN_FILTER_NAMES } from '../../../server/questions/run-filter-params.ts';
import { readScoreText, scoreConditionText } from '../../../server/questions/score-text.ts';

describe('a filter as a person writes it', () => {
  it.each([
    [
      'user:ana cost>0.5 timeout',
      [
        ['user', 'ana'],
        ['cost', '>0.5'],
      ],
      'timeout',
    ],
    [
      'user:"ana maria" tool:search',
      [
        ['user', 'ana maria'],
        ['tool', 'search'],
      ],
      '',
    ],
    ['score:helpful<0.7', [['score', 'helpful<0.7']], ''],
    [
      'score:helpful=good agent:support',
      [
        ['score', 'helpful=good'],
        ['agent', 'support'],
      ],
      '',
    ],
    ['score:helpful', [['score', 'helpful']], ''],
    ['score:helpful=wrong_tool', [['score', 'helpful=wrong_tool']], ''],
    ['score<0.5', [['score', '<0.5']], ''],
    ['score:"was it right"=no', [['score', '"was it right"=no']], ''],
    ['score:label="not good"', [['score', 'label="not good"']], ''],
    [
      'user:ana time:Yesterday',
      [
        ['user', 'ana'],
        ['time', 'yesterday'],
      ],
      '',
    ],
    ['time>10s', [['duration', '>10s']], ''],
    ['time:10s', [['duration', '=10s']], ''],
    ['foo:bar', [], 'foo:bar'],
    // A backslash is one where it hides nothing.
    [String.raw`user:CORP\ana`, [['user', String.raw`CORP\ana`]], ''],
    [String.raw`user:"CORP\ana maria"`, [['user', String.raw`CORP\ana maria`]], ''],
    [String.raw`user:"CORP\\ana maria"`, [['user', String.raw`CORP\ana maria`]], ''],
    [String.raw`user:"say \"hi\""`, [['user', 'say "hi"']], ''],
    ['latency<500ms', [['duration', '<500ms']], ''],
  ] as const)('%s', (text, params, rest) => {
    expect(readFilterText(text)).toMatchObject({ params, rest });
    // What is shown of it says the same.
    const shown = filterTextOf(params.map(([key, value]) => [key, value]));
    expect(readFilterText(shown).params).toEqual(params);
  });

  it.each(['score:helpful<abc', 'score:helpful<', 'score:helpful=', 'score:=', 'cost>abc'])(
    'refuses %s',
    (text) => {
      expect(() => readFilterText(text)).toThrow(/is compared with a number|is asked for by its name/);
    },
  );

  it('says the same of a score whatever is in its name', () => {
    for (const name of ['a=b', 'x < y', 'say "hi"', 'plain'])
      expect(readScoreText(scoreConditionText({ name, value: { sign: '<', millionths: 700_000 } }))).toEqual({
        name,
        value: { sign: '<', millionths: 700_000 },
      });
  });
});

describe('what is excluded, and what there is not', () => {
  it.each([
    [
      '-user:ana user:ben user:"a b"',
      [
        ['-user', 'ana'],
        ['user', 'ben'],
        ['user', 'a b'],
      ],
    ],
    ['-user:"-a b"', [['-user', '-a b']]],
    [
      '-cost>0.5 -score:helpful<0.7',
      [
        ['-cost', '>0.5'],
        ['-score', 'helpful<0.7'],
      ],
    ],
    [
      '-Conversation:x PARENT:y',
      [
        ['-session', 'x'],
        ['parentRun', 'y'],
      ],
    ],
    ['-status:abandoned', [['-status', 'abandoned']]],
    ['unpriced:true', [['unpriced', 'true']]],
    ['unpriced:no', [['-unpriced', 'true']]],
    ['-unpriced:no', [['unpriced', 'true']]],
    [
      'user:ana -timeout',
      [
        ['user', 'ana'],
        ['-error', 'timeout'],
      ],
    ],
    ['-"rate limit"', [['-error', 'rate limit']]],
    ['"user:ana" x', [['error', 'user:ana x']]],
    ['https://a.example', [['error', 'https://a.example']]],
  ] as const)('%s', (text, pairs) => {
    expect(readRunLine(text)).toEqual(pairs);
    expect(readRunLine(filterTextOf(pairs))).toEqual(pairs);
  });

  it.each([
    [
      'usre:ana',
      'usre is no filter: did you mean user?; a text with a sign in it is looked for in quotation marks',
    ],
    [
      '-modle:x',
      '-modle is no filter: did you mean -model?; a text with a sign in it is looked for in quotation marks',
    ],
    [
      'user:ana costs>5',
      'costs is no filter: did you mean cost?; a text with a sign in it is looked for in quotation marks',
    ],
    ['user:', 'user: names no value: write it as in user:ana, or leave it away'],
    ['user:""', 'user:"" names no value: write it as in user:ana, or leave it away'],
    ['user>5', 'user>5: user is no number, write user:5'],
    ['-time:today', '-time:today: a time can be asked for, and not excluded'],
    ['time:today time:yesterday', 'one time can be asked for: leave one time: away'],
    ['unpriced:perhaps', 'unpriced is true or false, not perhaps'],
  ])('refuses %s', (text, message) => {
    expect(() => readRunLine(text)).toThrow(message);
  });

  it('names all filters where none resembles the word', () => {
    expect(() => readRunLine('zzzzzzzz:x')).toThrow(/^zzzzzzzz is no filter: there are run, status, user, /);
  });

  it.each([
    ['usre:ana', 'user:ana'],
    ['-tol:search costs>5 user:ana', '-tool:search cost>5 user:ana'],
    ['Error: connection refused at 10:15', undefined],
    ['user:ana', undefined],
    ['https://example.com/x?user=1', undefined],
  ])('%s may have meant %s', (text, meant) => {
    expect(meantFilters(text)).toBe(meant);
  });

  it('is a text where it may be a search', () => {
    expect(readFilterText('Error: -x foo:bar')).toMatchObject({ params: [], excludedWords: ['x'] });
  });
});

it('has every name in its document', async () => {
  const document = await readFile(new URL('../../../docs/filters.md', import.meta.url), 'utf8');
  const table = document.split('\n').filter((line) => line.startsWith('| `'));
  for (const name of RUN_FILTER_NAMES) expect(table.join('\n')).toContain(`\`${name}\``);
});
