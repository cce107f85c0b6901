// `tallyspan dataset`: runs that are kept to try an agent on.

import type { Command } from 'commander';
import { formatCountOf } from '../../../core/text/format.ts';
import type { EventRecord } from '../../../core/event.ts';
import { sentHashesOf } from '../../../core/scores/evaluation.ts';
import type { RecordedStep } from '../../../server/queries/runs/read-recording.ts';
import type { Source } from '../../../server/source.ts';
import {
  addToDataset,
  datasetPath,
  DATASETS_FOLDER,
  readDataset,
  type KeptItem,
} from '../../eval/dataset-file.ts';
import { requireContent } from '../../replay/open-steps.ts';
import { writeAnswer } from '../../terminal/answer.ts';
import { CliError } from '../../terminal/cli-error.ts';
import type { CliIo } from '../../terminal/io.ts';
import { withSource, withSourceOptions, type SourceCliOptions } from '../../source-options.ts';

interface AddOptions extends SourceCliOptions {
  readonly folder: string;
  readonly input?: string;
  readonly expect?: string;
  readonly content?: boolean;
}

export function registerDataset(program: Command, io: CliIo): void {
  const dataset = program.command('dataset').description('runs that are kept to try an agent on');
  withSourceOptions(
    dataset
      .command('add')
      .description(
        'add runs to a dataset: their tools as what is expected, and hashes of what was sent; no content',
      )
      .argument('<name>', 'name of the dataset, or a path that ends in .jsonl')
      .argument('<run...>', 'run ids, or unambiguous beginnings of them')
      .option('--folder <dir>', 'folder of datasets', DATASETS_FOLDER)
      .option('--input <text>', 'what the agent is asked; the command finds it in TALLYSPAN_ITEM_INPUT')
      .option('--expect <text>', 'a text that the answer has to contain')
      .option(
        '--content',
        'with the recorded requests and answers, encrypted as they are stored: eval --replay',
      ),
  ).action(async (name: string, ids: readonly string[], options: AddOptions) => {
    const file = datasetPath(name, options.folder);
    const items = await withSource(options, io, (source) =>
      Promise.all(
        ids.map(async (id): Promise<KeptItem> => {
          const run = await source.run(id);
          if (run === undefined) throw new CliError(`no run begins with "${id}" in ${source.name}.`);
          const tools = run.steps.flatMap((step) =>
            step.step === 'tool_call' && typeof step['gen_ai.tool.name'] === 'string'
              ? [step['gen_ai.tool.name']]
              : [],
          );
          return {
            id: run['agent.run_id'],
            input: options.input,
            expected: { tools, ...(options.expect === undefined ? {} : { contains: [options.expect] }) },
            sent: sentHashesOf(
              run.steps.filter(({ step }) => step === 'model_call') as Partial<EventRecord>[],
            ),
            ...(options.content === true
              ? { recording: await recordingOf(source, run['agent.run_id']) }
              : {}),
          };
        }),
      ),
    );
    const added = await addToDataset(file, items);
    writeAnswer(
      { file, added, items: items.length },
      options,
      io,
      (safe) =>
        `${formatCountOf(safe.added, 'run')} added to ${safe.file}${safe.added < safe.items ? ', the rest was there' : ''}\n`,
    );
  });
  dataset
    .command('show')
    .description('the items of a dataset')
    .argument('<name>', 'name of the dataset, or a path that ends in .jsonl')
    .option('--folder <dir>', 'folder of datasets', DATASETS_FOLDER)
    .option('--json', 'print one JSON value')
    .action(async (name: string, options: { readonly folder: string; readonly json?: boolean }) => {
      const items = await readDataset(datasetPath(name, options.folder));
      writeAnswer(items, options, io, (safe) =>
        safe.map(({ id, input }) => `${id}  ${input ?? ''}`.trimEnd() + '\n').join(''),
      );
    });
}

/** @throws CliError where not all of it was recorded */
async function recordingOf(source: Source, runId: string): Promise<readonly RecordedStep[]> {
  const recording = await source.recording(runId);
  if (recording === undefined) throw new CliError(`there is no run ${runId} in ${source.name}.`);
  requireContent(recording);
  return recording.steps;
}
