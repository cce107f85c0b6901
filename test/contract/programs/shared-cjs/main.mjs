// An ES module that imports two CommonJS modules, one of which requires the other.
import { kind, Shared as ofFirst } from './first.cjs';
import second, { Shared } from './second.cjs';
import { createRequire } from 'node:module';

const required = createRequire(import.meta.url)('./second.cjs');
console.log(kind, ofFirst === Shared, required.Shared === Shared, second.loads, required.isMain);
