// npm run pack:local: the packages as tarballs in build/packages, and what to type to use them in a project of
// one's own. Published packages need none of this.

import path from 'node:path';
import { root } from './bundles/bundle.ts';
import { packPackages } from './pack.ts';

const tarballs = await packPackages(path.join(root, 'build/packages'));
const quoted = tarballs.map((file) => (/\s/.test(file) ? `"${file}"` : file));

process.stdout.write(`In the folder of your agent (Node 22.15 or newer), type:

  npm install ${quoted.join(' ')}
  npx tallyspan up                                       # in another terminal
  node --import @tallyspan/node/register app.mjs
`);
