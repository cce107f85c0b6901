// The init service of the stack: writes what depends on the environment into a volume, then ends.
// Runs on a stock Node image as it stands here, without a package. A wrong variable stops it, and with it the start
// of Grafana, with a line that names the variable.
// Command line: node stack-init.ts [OUT] (default /out); INIT_RULER=true adds the ruler's files.

import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { configuredChannels } from './rules/channel-settings.ts';
import { RULE_IDS } from './rules/all-rules.ts';
import { readAlertConfig } from './rules/policy.ts';
import { SettingError } from './rules/setting.ts';
import { renderStackFiles, type AlertingFile } from './stack-files.ts';

const OPEN_MODE = 0o644;
const SECRET_MODE = 0o640;
/** Users of the images that read the files: Grafana and Alertmanager (nobody). */
const OWNERS: Record<string, number> = { grafana: 472, alertmanager: 65_534 };
const PASSWORD_FILE = 'grafana/admin-password';
const PASSWORD_BYTES = 18;

function main(): void {
  const out = process.argv[2] ?? '/out';
  const withRuler = process.env['INIT_RULER'] === 'true';
  let files: readonly AlertingFile[];
  try {
    files = renderStackFiles(process.env, { withRuler });
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    for (const problem of error.problems) process.stderr.write(`tallyspan: ${problem}\n`);
    process.stderr.write('tallyspan: nothing was started. Fix .env and run docker compose up again.\n');
    process.exitCode = 1;
    return;
  }
  // What an earlier start rendered for a channel that is gone must not stay.
  for (const folder of ['grafana/alerting', 'loki/rules', 'alertmanager']) {
    rmSync(path.join(out, folder), { recursive: true, force: true });
    mkdirSync(path.join(out, folder), { recursive: true });
  }
  for (const file of files) writeFile(out, file);
  writeAdminPassword(out);
  const names = configuredChannels(readAlertConfig(process.env, RULE_IDS).channels);
  process.stdout.write(
    names.length > 0
      ? `tallyspan: alerts go to ${names.join(', ')}\n`
      : 'tallyspan: no alert channel is configured; alerts are only in Grafana. See .env.example.\n',
  );
}

function writeFile(out: string, file: AlertingFile): void {
  const target = path.join(out, file.path);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, file.content);
  protect(target, file.path, file.isSecret);
}

/** Keeps a secret from all but its reader; outside a container, as a plain user, the owner stays. */
function protect(target: string, relative: string, isSecret: boolean): void {
  const owner = OWNERS[relative.split('/')[0] ?? ''];
  const isRoot = process.getuid?.() === 0;
  if (isSecret && isRoot && owner !== undefined) chownSync(target, owner, owner);
  chmodSync(target, isSecret ? SECRET_MODE : OPEN_MODE);
}

/** Made once, printed once; a password of one's own in GRAFANA_ADMIN_PASSWORD wins. */
function writeAdminPassword(out: string): void {
  const target = path.join(out, PASSWORD_FILE);
  const own = process.env['GRAFANA_ADMIN_PASSWORD']?.trim();
  if (!own && existsSync(target)) return;
  const password = own || randomBytes(PASSWORD_BYTES).toString('base64url');
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, password);
  protect(target, PASSWORD_FILE, true);
  if (!own) process.stdout.write(`tallyspan: Grafana's admin password is ${password} (printed only now)\n`);
}

main();
