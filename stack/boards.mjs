// The boards with the zone of .env: “Days in” begins with TIMEZONE, so that “today” is the same day on the
// boards, in the alerts and on the clock of Grafana.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Name of the variable of a board that holds the zone of calendar days. */
const ZONE = 'timezone';

/** Writes each board of `from` into `to`, its zone set to an IANA name. */
export function placeBoards(from, to, timezone) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from).filter((file) => file.endsWith('.json'))) {
    const board = JSON.parse(readFileSync(join(from, name), 'utf8'));
    for (const variable of board.templating.list) if (variable.name === ZONE) choose(variable, timezone);
    writeFileSync(join(to, name), `${JSON.stringify(board, null, 2)}\n`);
  }
}

function choose(variable, timezone) {
  const chosen = { text: timezone, value: timezone };
  const others = variable.options.filter(({ value }) => value !== timezone);
  variable.current = chosen;
  variable.options = [
    { ...chosen, selected: true },
    ...others.map((option) => ({ ...option, selected: false })),
  ];
  variable.query = variable.options.map(({ value }) => value).join(',');
}
