// Alerts of a data folder that no server has open: what the last one left.

import { readAlertFile } from './alert-file.ts';
import { overviewOf, type AlertOverview } from './alert-overview.ts';
import { OwnRules } from './own-rules.ts';
import { readAlerting } from './start-alerting.ts';

/** The overview with the default thresholds; channels are known to a running server only. */
export async function readStoredAlerts(dataDir: string, timezone: string): Promise<AlertOverview> {
  const { states, notices } = await readAlertFile(dataDir);
  const own = new OwnRules(dataDir, [], ignore);
  return overviewOf({ config: readAlerting({}, timezone).config, own, states, notices, health: [] });
}

function ignore(): void {}
