// The workers of a cluster: processes of their own, whose primary process shares its file with them and asks no model.

import type { Cluster } from 'node:cluster';

/** Whether this process is the primary one of a cluster: its settings are empty until it prepares to fork. */
export function hasWorkers(): boolean {
  const cluster = process.getBuiltinModule('node:cluster') as unknown as Cluster;
  return cluster.isPrimary && Object.keys(cluster.settings).length > 0;
}
