import { expect, it } from '@jest/globals';
import { contentAttributes } from '../../instrumentation/record/content-attributes.ts';
import { inputFields } from '../../instrumentation/record/tools/tool-calls.ts';

// No known secret leaves the process: not on spans, which carry content only where it is wanted, and not as a name of an
// argument, which always leaves.

const SECRET = `sk-ant-api03-${'z'.repeat(40)}`;

it('a span has the messages of its call without secrets', () => {
  const input = { [SECRET]: SECRET, password: 'hunter2' };
  const attributes = contentAttributes(
    { system: `Use ${SECRET}.`, messages: [{ role: 'user', content: `With ${SECRET}` }] },
    [
      { type: 'text', text: SECRET },
      { type: 'tool_use', id: 't', name: 'n', input },
    ],
  );
  const json = JSON.stringify(attributes);
  expect(json).toContain('Use ****.');
  for (const said of [SECRET, 'hunter2']) expect(json).not.toContain(said);
});

it.each([true, false])('a tool call has the names of its arguments without secrets (content: %s)', (isOn) => {
  expect(inputFields({ [SECRET]: 1, b: 2 }, isOn)['tool.input_keys']).toEqual(['****', 'b']);
});
