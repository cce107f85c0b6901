// What is said of a field: its type, its unit, whether signals may group by it, and what it may hold.

/** How a value is held in memory. `time` is integer milliseconds since the Unix epoch in memory and ISO 8601 UTC in JSON. */
export type FieldType = 'string' | 'int' | 'float' | 'bool' | 'strings' | 'time';

/** Unit of a measure; `1` is a plain count. */
export type Unit = 'ms' | 'nanoUsd' | 'usd' | 'tokens' | 'chars' | 'millionths' | '1';

/**
 * How long a text may be (core/field-limits.ts): a name or an id, words or figures for people, or recorded content, which
 * is left out and not cut when it is longer.
 */
export type TextKind = 'name' | 'prose' | 'content';

/** The bounded fields that signals may group by, under the names that users type. */
export type Dimension =
  | 'model'
  | 'user'
  | 'tool'
  | 'task'
  | 'agent'
  | 'version'
  | 'project'
  | 'source'
  | 'session'
  | 'service'
  | 'error'
  | 'status'
  | 'step'
  | 'score'
  | 'label'
  | 'scorer'
  | 'limit';

export interface FieldDefinition {
  readonly type: FieldType;
  readonly doc: string;
  readonly unit?: Unit;
  /** Kind of its text; a name where nothing is said. */
  readonly text?: TextKind;
  /** A number that tells events apart, and measures nothing. */
  readonly isSerial?: true;
  /** May be negative. */
  readonly isSigned?: true;
  /** Set when users may group by this field; the name they type. */
  readonly dimension?: Dimension;
  /** Kept as an OTLP attribute (so as Loki structured metadata) because signals or links need it. */
  readonly attribute?: true;
  /**
   * An attribute that is no label in Loki, where the line has it: it `repeats` what other labels say, or is `unique` to its
   * record, so that its text finds the line.
   */
  readonly inLineOnly?: 'repeats' | 'unique';
  /** May hold user content: dropped unless content capture is on, and removed by the Collector. */
  readonly sensitive?: true;
  /** Travels as an OTLP resource attribute, not as an attribute of the record. */
  readonly resource?: true;
}
