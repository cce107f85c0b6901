// Alerts of a data folder that no server has open: what the last one left.

import { readAlertFile } from './alert-file.ts';
import { overviewOf, type AlertOverview } from './alert-overview.ts';
import { readAlerting } from './start-alerting.ts';

/** The overview with the default thresholds; channels are known to a running server only. */
export async function readStoredAlerts(dataDir: string, timezone: string): Promise<AlertOverview> {
  const { states, notices } = await readAlertFile(dataDir);
  return overviewOf({ config: readAlerting({}, timezone).config, states, notices, health: [] });
}
