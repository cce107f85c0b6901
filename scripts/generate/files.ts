// Every generated file of the repository: where it is and what is in it.

import type { GeneratedFile } from '../../core/generated-file.ts';
import { alertFiles } from '../../alerts/generated.ts';
import { collectorFiles } from '../../collector/generated.ts';
import { dashboardFiles } from '../../dashboards/build.ts';
import { attributesDoc } from './attributes-doc.ts';
import { frameworksDoc } from './frameworks/page.ts';
import { pricesDoc } from './prices-doc.ts';
import { signalsDoc } from './signals-doc.ts';
import { renderEnvExample } from './env-example.ts';

export const generatedFiles: readonly GeneratedFile[] = [
  ...alertFiles,
  ...collectorFiles,
  ...dashboardFiles,
  { path: '.env.example', render: renderEnvExample },
  attributesDoc,
  frameworksDoc,
  pricesDoc,
  signalsDoc,
];
