// Writes the text fixture of the compiler to LogQL again. Do so only once the agreement with a real Loki is green:
// the fixture says nothing but that the text is the one that agreed.

import { writeFileSync } from 'node:fs';
import { CONSTRUCTS } from '../signals/constructs.ts';
import { writeCase } from '../signals/logql-cases.ts';

const blocks = CONSTRUCTS.map((signal) => `${signal.id}\n${writeCase(signal).join('\n')}\n`);
writeFileSync(new URL('../fixtures/logql-cases.txt', import.meta.url), blocks.join('\n'));
