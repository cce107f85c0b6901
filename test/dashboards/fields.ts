// Fields: the names that the settings of a panel speak of, against the fields that its frames have. Grafana passes
// over a name that it does not find, in silence.

import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { LokiTarget } from './grafana.ts';

interface Organize {
  readonly excludeByName?: Readonly<Record<string, boolean>>;
  readonly indexByName?: Readonly<Record<string, number>>;
  readonly renameByName?: Readonly<Record<string, string>>;
}

interface StepOptions extends Organize {
  readonly sort?: readonly { readonly field: string }[];
  readonly conversions?: readonly { readonly targetField: string }[];
}

/** Names that no frame of the panel has at the point where they are spoken of. */
export function unknownFields(panel: Panel): string[] {
  const targets = (panel.targets ?? []) as unknown as LokiTarget[];
  const fields = new Set(targets.flatMap(fieldsOf));
  const faults: string[] = [];
  const check = (where: string, names: readonly string[]): void => {
    faults.push(...names.filter((name) => !fields.has(name)).map((name) => `${where}: ${name}`));
  };
  for (const { id, options } of panel.transformations ?? []) {
    const { sort = [], conversions = [], ...organize } = options as StepOptions;
    const { excludeByName = {}, indexByName = {}, renameByName = {} } = organize;
    check(id, [
      ...sort.map(({ field }) => field),
      ...conversions.map(({ targetField }) => targetField),
      ...Object.keys({ ...excludeByName, ...indexByName, ...renameByName }),
    ]);
    for (const name of Object.keys(excludeByName)) fields.delete(name);
    for (const [name, title] of Object.entries(renameByName)) {
      fields.delete(name);
      fields.add(title);
    }
  }
  for (const { matcher } of panel.fieldConfig?.overrides ?? []) {
    if (matcher.id === 'byName') check('override', [String(matcher.options)]);
    else if (matcher.id === 'byFrameRefID' && !targets.some(({ refId }) => refId === matcher.options))
      faults.push(`override: query ${String(matcher.options)}`);
  }
  const { xField } = (panel.options ?? {}) as { readonly xField?: string };
  if (xField !== undefined) check('xField', [xField]);
  const texts = JSON.stringify(panel.fieldConfig ?? {});
  check(
    'macro',
    [...texts.matchAll(/__data\.fields\.(\w+)/g)].map(([, name]) => name ?? ''),
  );
  return faults;
}

/** Of an instant query one table; of a range query a frame per series, whose columns have no names of their own. */
function fieldsOf({ refId, queryType, expr = '' }: Omit<LokiTarget, 'expr'> & { expr?: string }): string[] {
  if (queryType !== 'instant') return ['Time', 'Value'];
  const grouped = [...expr.matchAll(/\bby \(([^)]*)\)|group_left \(([^)]*)\)/g)].flatMap(([, by, left]) =>
    (by ?? left ?? '').split(', '),
  );
  const replaced = [...expr.matchAll(/, "(\w+)", "[^"]*", "\w*", "[^"]*"\)/g)].map(([, name]) => name ?? '');
  return ['Time', `Value #${refId}`, ...grouped, ...replaced];
}
