// The attributes of spans. Most have the value that they had in the span before, and then what is sent of them stands
// ready: a span of a model call has some fifty.

import { SPAN } from '../../core/otlp/otlp-fields.ts';
import type { Attributes } from '@opentelemetry/api';
import { withoutForeignContent } from '../../core/foreign-content.ts';
import { BYTES, flatText, tagText, type ByteText } from './byte-text.ts';
import { attributesText, keyText, pairText } from './otlp-values.ts';

/** Programs may make up keys without end. */
const MAX_KEYS = 500;
/** Longer texts are rarely the same again. */
const MAX_CHARS = 256;
/** No value is the same. */
const NONE = Symbol('none');
const TAG = tagText(SPAN.attributes, BYTES);

interface KnownAttribute {
  readonly key: ByteText;
  lastValue: unknown;
  /** What is sent of the last value. */
  text: ByteText;
}

export class SpanAttributes {
  readonly #known = new Map<string, KnownAttribute>();
  readonly #keepsContent: boolean;

  /** @param keepsContent whether texts may say anything; else a length takes the place of each that may be content */
  constructor(keepsContent: boolean) {
    this.#keepsContent = keepsContent;
  }

  /** Each attribute as a KeyValue. */
  textOf(attributes: Attributes): ByteText {
    let text = '';
    const keys = Object.keys(attributes);
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] ?? '';
      const value = attributes[key];
      const known = this.#known.get(key);
      text +=
        known !== undefined && known.lastValue === value ? known.text : this.#newText(key, value, known);
    }
    return text;
  }

  #newText(key: string, value: Attributes[string], known = this.#learn(key)): ByteText {
    const text = flatText(this.#make(known.key, key, value));
    if (typeof value === 'object' || (typeof value === 'string' && value.length > MAX_CHARS)) return text;
    known.text = text;
    known.lastValue = value;
    return text;
  }

  #make(known: ByteText, key: string, value: Attributes[string]): ByteText {
    if (typeof value === 'number' || typeof value === 'boolean' || this.#keepsContent)
      return TAG + pairText(known, value);
    if (value === undefined) return '';
    return attributesText(SPAN.attributes, withoutForeignContent({ [key]: value }));
  }

  #learn(key: string): KnownAttribute {
    const known = { key: keyText(key), lastValue: NONE, text: '' };
    if (this.#known.size < MAX_KEYS) this.#known.set(key, known);
    return known;
  }
}
