import { describe, expect, it } from '@jest/globals';
import { filterTextOf, readFilterText } from '../../../server/questions/filter-text.ts';
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
  ] as const)('%s', (text, params, rest) => {
    expect(readFilterText(text)).toEqual({ params, rest });
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
