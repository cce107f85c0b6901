// The peers: other instrumentations of the SDK that ours is measured beside, at pinned versions, each in a
// folder of its own outside the repository.

import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { installPackages, installProject } from '../contract/versions/cached-packages.ts';

const PROGRAMS = path.join(import.meta.dirname, 'programs');
const SDK = { '@anthropic-ai/sdk': '1.15.0' };
/** The newest that has what OpenLLMetry's instrumentation, and Laminar's, which is made from it, reach for. */
const LAST_SDK_0 = { '@anthropic-ai/sdk': '0.137.0' };
/** The line of OpenTelemetry that bare OpenTelemetry is measured with. */
const OPEN_TELEMETRY = { '@opentelemetry/api': '1.10.0', '@opentelemetry/sdk-node': '0.301.0' };

interface Peer {
  readonly name: string;
  /** What is loaded before the program. */
  readonly preload: string;
  readonly packages: Readonly<Record<string, string>>;
}

const PEERS: readonly Peer[] = [
  {
    name: 'OpenInference 0.2.8',
    preload: 'openinference.cjs',
    packages: { '@arizeai/openinference-instrumentation-anthropic': '0.2.8', ...SDK, ...OPEN_TELEMETRY },
  },
  {
    name: 'OpenLLMetry 0.27.0 (SDK 0.137.0)',
    preload: 'openllmetry.cjs',
    packages: { '@traceloop/instrumentation-anthropic': '0.27.0', ...LAST_SDK_0, ...OPEN_TELEMETRY },
  },
  { name: 'OpenLIT 1.15.0', preload: 'openlit.cjs', packages: { openlit: '1.15.0', ...SDK } },
  {
    name: 'Sentry 11.12.0',
    preload: 'sentry.cjs',
    packages: { '@sentry/node': '11.12.0', ...SDK },
  },
  { name: 'dd-trace 6.21.0', preload: 'dd-trace.cjs', packages: { 'dd-trace': '6.21.0', ...SDK } },
  {
    name: 'Laminar 0.8.46 (SDK 0.137.0)',
    preload: 'laminar.cjs',
    packages: { '@lmnr-ai/lmnr': '0.8.46', ...LAST_SDK_0 },
  },
];

export interface InstalledPeer {
  readonly name: string;
  /** Where its packages and copies of the programs are; none when the packages cannot be had. */
  readonly folder: string | undefined;
  readonly preload: string;
}

/** Installs what is not there yet, and puts the programs beside the packages that they load. */
export async function installPeers(): Promise<InstalledPeer[]> {
  const installed: InstalledPeer[] = [];
  for (const { name, preload, packages } of PEERS) {
    const folder = await installPackages(`bench-${path.parse(preload).name}`, packages);
    if (folder !== undefined) {
      for (const file of ['agent.cjs', `peers/${preload}`])
        await copyFile(path.join(PROGRAMS, file), path.join(folder, path.basename(file)));
    }
    installed.push({ name, folder, preload });
  }
  return installed;
}

/** Folder of the program on the Vercel AI SDK 7, with its packages; `undefined` when they cannot be had. */
export async function installAiSdk(): Promise<string | undefined> {
  const folder = await installProject(path.join(import.meta.dirname, '../frameworks/projects/ai-sdk-7'));
  if (folder !== undefined)
    await copyFile(path.join(PROGRAMS, 'ai-sdk.mjs'), path.join(folder, 'bench-ai-sdk.mjs'));
  return folder;
}
