// Groups of an OTLP log request: which bytes are whose records, before any of them is read.

import { REQUEST, RESOURCE_GROUP, SCOPE, SCOPE_GROUP } from '../../core/otlp/otlp-fields.ts';
import type { Attributes } from './otlp-model.ts';
import { WIRE_BYTES, readResourceBytes } from './otlp-protobuf.ts';
import type { RequestBudget } from './request-limits.ts';
import { WireReader } from './wire-reader.ts';

export interface LogGroupPlaces {
  readonly resource: Attributes;
  readonly scope: string;
  /** Start and end of each record. */
  readonly records: readonly number[];
}

/** Finds the records of a request, whose messages may stand in any order. */
export class LogGroupFinder extends WireReader {
  readonly #groups: LogGroupPlaces[] = [];
  readonly #budget: RequestBudget;

  constructor(bytes: Uint8Array, budget: RequestBudget) {
    super(bytes);
    this.#budget = budget;
  }

  read(): readonly LogGroupPlaces[] {
    this.eachField(this.bytes.length, (field, wire) => {
      if (field !== REQUEST.groups) return false;
      this.expect(wire, WIRE_BYTES);
      this.#budget.takeRecord();
      this.#readResourceGroup(this.endOfBytes());
      return true;
    });
    return this.#groups;
  }

  #readResourceGroup(end: number): void {
    const resource: Attributes = {};
    const scopeGroups: number[] = [];
    this.eachField(end, (field, wire) => {
      if (field !== RESOURCE_GROUP.resource && field !== RESOURCE_GROUP.scopeGroups) return false;
      this.expect(wire, WIRE_BYTES);
      const messageEnd = this.endOfBytes();
      if (field === RESOURCE_GROUP.resource)
        readResourceBytes(this.bytes.subarray(this.at, messageEnd), resource, this.#budget);
      else {
        this.#budget.takeRecord();
        scopeGroups.push(this.at, messageEnd);
      }
      this.at = messageEnd;
      return true;
    });
    for (let index = 0; index < scopeGroups.length; index += 2) {
      this.at = scopeGroups[index] as number;
      this.#readScopeGroup(scopeGroups[index + 1] as number, resource);
    }
    this.at = end;
  }

  #readScopeGroup(end: number, resource: Attributes): void {
    let scope = '';
    const records: number[] = [];
    this.eachField(end, (field, wire) => {
      if (field !== SCOPE_GROUP.scope && field !== SCOPE_GROUP.records) return false;
      this.expect(wire, WIRE_BYTES);
      const messageEnd = this.endOfBytes();
      if (field === SCOPE_GROUP.records) {
        this.#budget.takeRecord();
        records.push(this.at, messageEnd);
      } else
        this.eachField(messageEnd, (inner, innerWire) => {
          if (inner !== SCOPE.name) return false;
          this.expect(innerWire, WIRE_BYTES);
          const nameEnd = this.endOfBytes();
          scope = Buffer.from(this.bytes.subarray(this.at, nameEnd)).toString('utf8');
          this.at = nameEnd;
          return true;
        });
      this.at = messageEnd;
      return true;
    });
    this.#groups.push({ resource, scope, records });
  }
}
