// A text that streams in is the same text: its shape, its length and what is recorded of it are those of a whole message.

import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { GrowingText } from '../../../core/model-call/growing-text.ts';
import { MessageReader } from '../../../core/model-call/message-reader.ts';

const pieces = fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 30 });

it('is what was added, whatever characters and however long', () => {
  fc.assert(
    fc.property(pieces, fc.nat(400), (list, times) => {
      const text = new GrowingText();
      let expected = '';
      for (const piece of [...list, 'narrow '.repeat(times), ...list]) {
        text.add(piece);
        expected += piece;
      }
      expect([text.toString(), text.length]).toEqual([expected, expected.length]);
    }),
  );
});

it.each(['text', 'thinking'] as const)('a block of %s has the shape of the same block sent whole', (type) => {
  fc.assert(
    fc.property(pieces, fc.boolean(), (list, keepsContent) => {
      const read = new MessageReader(keepsContent);
      read.readEvent({ type: 'message_start', message: { id: 'm', role: 'assistant' } });
      read.readEvent({ type: 'content_block_start', index: 0, content_block: { type, [type]: '' } });
      for (const piece of list)
        read.readEvent({
          type: 'content_block_delta',
          index: 0,
          delta: { type: `${type}_delta`, [type]: piece },
        });
      const block = { type, [type]: list.join('') };
      const whole = new MessageReader().readMessage({ id: 'm', role: 'assistant', content: [block] });
      const inTheMidst = read.outputLength;
      read.readEvent({ type: 'content_block_stop', index: 0 });
      expect([inTheMidst, read.outputLength, read.hasOutput]).toEqual([
        whole.outputLength,
        whole.outputLength,
        whole.hasOutput,
      ]);
      expect(read.shapes).toEqual(whole.shapes);
      expect(read.message?.['content']).toEqual(keepsContent ? [block] : undefined);
    }),
  );
});
