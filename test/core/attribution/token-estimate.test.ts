// Estimates of tokens: in proportion to the text, by the size of an image, by the pages of a document.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  estimateDocumentTokens,
  estimateImageTokens,
  estimateTextTokens,
} from '../../../core/attribution/token-estimate.ts';

/** The beginning of a PNG of this size; as long as a file is at least. */
function png(width: number, height: number): string {
  const bytes = Buffer.alloc(48);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes.toString('base64');
}

function gif(width: number, height: number): string {
  const bytes = Buffer.alloc(48, 0xff);
  bytes.write('GIF89a', 'latin1');
  bytes.writeUInt16LE(width, 6);
  bytes.writeUInt16LE(height, 8);
  return bytes.toString('base64');
}

describe('an image', () => {
  it('has a token for 750 pixels, up to what the API scales down to', () => {
    const aSide = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(aSide, aSide, (width, height) => {
        const tokens = Math.min(1_600, Math.max(3, (width * height) / 750));
        expect(estimateImageTokens(png(width, height))).toBe(tokens);
        expect(estimateImageTokens(gif(width, height))).toBe(tokens);
      }),
    );
  });

  it.each([
    ['the largest', 0xffff_ffff, 0xffff_ffff, 1_600],
    ['wider than 16 bits', 0x0001_0203, 1, 0x0001_0203 / 750],
    ['wider than 24 bits', 0x0100_0000, 0, 3],
    ['higher than 16 bits', 1, 0x0003_0201, 0x0003_0201 / 750],
    ['higher than 31 bits', 1, 0x8000_0000, 1_600],
    ['wider than 31 bits', 0x8000_0000, 1, 1_600],
  ])('%s is read from every byte of its size', (_, width, height, tokens) => {
    expect(estimateImageTokens(png(width, height))).toBe(tokens);
  });

  it('of another form, cut short, or given by reference is a usual one', () => {
    const usual = 1_400;
    expect(estimateImageTokens(undefined)).toBe(usual);
    expect(estimateImageTokens('')).toBe(usual);
    expect(estimateImageTokens(Buffer.from('RIFF0000WEBPVP8 0000000000').toString('base64'))).toBe(usual);
    for (const [index, wrong] of [0x88, 0x51, 0x4f].entries()) {
      const bytes = Buffer.from(png(10, 10), 'base64');
      bytes[index] = wrong;
      expect(estimateImageTokens(bytes.toString('base64'))).toBe(usual);
    }
    for (const [index, wrong] of [0x48, 0x48, 0x47].entries()) {
      const bytes = Buffer.from(gif(10, 10), 'base64');
      bytes[index] = wrong;
      expect(estimateImageTokens(bytes.toString('base64'))).toBe(usual);
    }
  });

  it('is never an error, whatever the text is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        const tokens = estimateImageTokens(text);
        expect(tokens >= 3 && tokens <= 1_600).toBe(true);
      }),
    );
  });
});

describe('a text', () => {
  it('of twice the length has twice the tokens beside its frame', () => {
    expect(estimateTextTokens(0)).toBe(3);
    expect(estimateTextTokens(38)).toBeCloseTo(13, 12);
    expect(estimateTextTokens(76) - 3).toBeCloseTo(2 * (estimateTextTokens(38) - 3), 12);
  });
});

describe('a document', () => {
  it.each([
    [0, 1],
    [1_000, 1],
    [80_000, 1],
    [119_000, 1],
    [121_000, 2],
    [800_000, 10],
  ])('of %p characters in base64 has %p pages', (chars, pages) => {
    expect(estimateDocumentTokens(chars)).toBe(pages * 2_200);
  });
});
