// The page of limits with more users than anybody reads.

import { expect, it } from '@jest/globals';
import { limitDayOf } from '../../../core/limits/limit.ts';
import { runCommand } from '../../cli/run-command.ts';
import { startTestServer } from '../harness.ts';

const LIMIT = 1_000_000_000;

it('shows the limits that are used most, and says of how many; a limit of nothing is used up', async () => {
  const server = await startTestServer();
  const { uiUrl } = server;
  try {
    const shared = {
      process: 'p',
      scope: 'user_day',
      rule: 'limits[0].user_day',
      day: limitDayOf(Date.now()),
    };
    const leases = Array.from({ length: 300 }, (_, index) => ({
      ...shared,
      key: `user-${String(index)}.`,
      limit_nano_usd: index === 7 ? 0 : LIMIT,
      spent_nano_usd: index * 1_000,
      want_nano_usd: index * 1_000,
    }));
    const answer = await fetch(`${uiUrl}/api/limits/leases`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ leases }),
    });
    expect(answer.status).toBe(200);
    const page = await (await fetch(`${uiUrl}/limits`, { headers: { accept: 'text/html' } })).text();
    expect(page).toContain('the 200 most used of 300');
    for (const shown of ['user-7.', 'user-299.', 'user-101.']) expect(page).toContain(shown);
    for (const left of ['user-100.', 'user-0.', 'NaN', 'Infinity']) expect(page).not.toContain(left);
    const { stdout } = await runCommand(['limits', '--url', uiUrl]);
    expect(stdout).toContain('the 200 most used of 300; --json has all');
    expect(stdout).not.toContain('user-100.');
  } finally {
    await server.remove();
  }
});
