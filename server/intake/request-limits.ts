// Request limits: what one request may hold, beside its bytes. An empty record takes two bytes as it is sent, and
// hundreds when it is read; the attributes of a resource are stored with each of its records.

/** Records, spans or metrics, and the groups that they stand in. */
const RECORDS_LIMIT = 50_000;
/** Attributes, items of lists and maps, events of spans. */
const VALUES_LIMIT = 2_000_000;
/** Objects, arrays and commas of JSON, counted before it is parsed. */
const JSON_PARTS_LIMIT = 2_000_000;
/** What the records of a group share is stored with each of them. */
const SHARED_LIMIT_BYTES = 256 * 1024 * 1024;

const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const COMMA = 0x2c;

/** The request holds more than is read at once; smaller ones would be taken. */
export class OversizedBodyError extends Error {
  override readonly name = 'OversizedBodyError';
}

/** What is left of the limits while one request is read. */
export class RequestBudget {
  #records = RECORDS_LIMIT;
  #values = VALUES_LIMIT;
  #sharedBytes = SHARED_LIMIT_BYTES;

  /** @throws OversizedBodyError */
  takeRecord(): void {
    if (--this.#records < 0)
      throw new OversizedBodyError(`the body has more than ${RECORDS_LIMIT} records: send smaller batches`);
  }

  /** @throws OversizedBodyError */
  takeValue(): void {
    if (--this.#values < 0)
      throw new OversizedBodyError(`the body has more than ${VALUES_LIMIT} attributes: send smaller batches`);
  }

  /** `bytes` of a resource and a scope that so many records have. @throws OversizedBodyError */
  takeShared(bytes: number, records: number): void {
    this.#sharedBytes -= bytes * records;
    if (this.#sharedBytes < 0)
      throw new OversizedBodyError(
        `${records} records share a resource of ${bytes} bytes, which would be stored with each: send smaller batches`,
      );
  }
}

/** @throws OversizedBodyError */
export function checkJsonParts(body: Uint8Array): void {
  let parts = 0;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (byte === COMMA || byte === OPEN_OBJECT || byte === OPEN_ARRAY) parts++;
  }
  if (parts > JSON_PARTS_LIMIT)
    throw new OversizedBodyError(
      `the body has more than ${JSON_PARTS_LIMIT} objects and values: send smaller batches`,
    );
}
