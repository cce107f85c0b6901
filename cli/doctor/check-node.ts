// The Node that runs this, and with it most likely the agent.

import type { DoctorFinding } from './finding.ts';

const REQUIRED = { major: 22, minor: 15 } as const;

export function checkNode(version: string): DoctorFinding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNewEnough = major > REQUIRED.major || (major === REQUIRED.major && minor >= REQUIRED.minor);
  return isNewEnough
    ? { check: 'node', verdict: 'ok', what: `Node ${version}` }
    : {
        check: 'node',
        verdict: 'fail',
        what: `Node ${version} is too old`,
        advice: `Install Node ${String(REQUIRED.major)}.${String(REQUIRED.minor)} or newer.`,
      };
}
