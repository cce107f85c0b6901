// `tallyspan signals`: the catalogue, as a list.

import type { Command } from 'commander';
import { CATALOGUE, TOPICS } from '../../../signals/catalogue/index.ts';
import type { Signal } from '../../../signals/signal.ts';
import { writeJson } from '../../terminal/answer.ts';
import type { CliIo } from '../../terminal/io.ts';
import { renderTable, type TextColumn } from '../../terminal/table.ts';

const COLUMNS: readonly TextColumn<Signal>[] = [
  { title: 'SIGNAL', value: ({ id }) => id },
  { title: 'UNIT', value: ({ unit }) => (unit === '1' ? 'count' : unit) },
  { title: 'WHAT', shrinks: true, wraps: true, value: ({ help }) => help },
];

export function registerSignals(program: Command, io: CliIo): void {
  program
    .command('signals')
    .description('every number of the catalogue')
    .option('--json', 'print JSON')
    .action((options: { readonly json?: true }) => {
      if (options.json === true) {
        writeJson(io, CATALOGUE.map(describeSignal));
        return;
      }
      for (const { title, signals } of TOPICS) {
        io.stdout.write(`${title}\n${renderTable(signals, COLUMNS, io.stdout)}\n`);
      }
    });
}

function describeSignal(signal: Signal): object {
  const { id, title, unit, help, dimensions, whenEmpty, better, bad, action } = signal;
  return { id, title, unit, help, dimensions, when_empty: whenEmpty, better, bad, action };
}
