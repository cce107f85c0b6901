// Laws that every board keeps, read from the committed files: what Grafana loads, and nothing else.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import {
  VariableType,
  type Dashboard,
  type Panel,
  type RowPanel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { RULES } from '../../alerts/rules/all-rules.ts';
import { columnOf } from '../../core/columns.ts';
import { FIELD_KEYS, FIELDS, type FieldDefinition } from '../../core/schema.ts';
import { settingInSignalUnit } from '../../alerts/rules/rule.ts';
import { defaultSettings } from '../../alerts/rules/setting.ts';
import { dashboardOf, GRID_COLUMNS, tilesOf } from '../../dashboards/board.ts';
import { BOARDS, dashboardFiles } from '../../dashboards/build.ts';
import { panelIdOf } from '../../dashboards/board-ids.ts';
import { queryOf } from '../../dashboards/query.ts';
import { thresholdsOf } from '../../dashboards/threshold.ts';
import { withTitles } from '../../dashboards/tile.ts';
import { displayOf } from '../../dashboards/unit.ts';
import { CATALOGUE, signalOf } from '../../signals/catalogue/index.ts';
import { FILES, PANELS, ROOT, targetsOf } from './committed.ts';
import { unknownFields } from './fields.ts';
import { panelsOf, type LokiTarget } from './grafana.ts';

/** Panels that ask no data source or show no number, and why a rule does not hold for them. */
const EXCEPTIONS: Readonly<Record<string, readonly ('targets' | 'unit' | 'by')[]>> = {
  // Grafana itself knows its alerts.
  alertlist: ['targets', 'unit'],
  // Lines have no unit and are not aggregated.
  logs: ['unit', 'by'],
};

/** Labels of a query that Loki has in the line only, and that the query does not read there. */
function takenForLabels(expr: string): string[] {
  return FIELD_KEYS.filter((key) => (FIELDS[key] as FieldDefinition).inLineOnly !== undefined)
    .map(columnOf)
    .filter((label) => new RegExp(`\\b${label}\\b`).test(expr) && !expr.includes(`| json ${label}=`));
}

describe('the files', () => {
  it('are one for each board, and fresh', () => {
    expect(FILES.map(({ name }) => `dashboards/dist/${name}`).sort()).toEqual(
      dashboardFiles.map(({ path }) => path).sort(),
    );
    const stale = dashboardFiles.filter(
      ({ path, render }) => readFileSync(join(ROOT, path), 'utf8') !== render(),
    );
    expect(stale.map(({ path }) => path)).toEqual([]);
  });

  it('render the same twice', () => {
    for (const { render } of dashboardFiles) expect(render()).toBe(render());
  });

  it.each(FILES.map((file) => [file.name, file.dashboard] as const))(
    '%s is a classic dashboard with a stable uid that nobody edits by accident',
    (_, dashboard) => {
      expect(dashboard.schemaVersion).toBe(42);
      expect(dashboard.uid).toMatch(/^tallyspan-[a-z]{3,30}$/);
      expect(dashboard.editable).toBe(false);
      expect(dashboard).not.toHaveProperty('apiVersion');
      expect(dashboard).not.toHaveProperty('spec');
      expect(dashboard.id ?? null).toBeNull();
      expect(dashboard.description).toMatch(/\?$/);
    },
  );

  it('have uids and titles of their own', () => {
    for (const key of ['uid', 'title'] as const) {
      expect(new Set(FILES.map(({ dashboard }) => dashboard[key])).size).toBe(FILES.length);
    }
  });
});

describe('the grid', () => {
  it.each(FILES.map((file) => [file.name, file.dashboard] as const))(
    'no panel of %s lies over another or beyond the edge, opened rows included',
    (_, dashboard) => {
      expect(misplaced(opened(dashboard))).toEqual([]);
    },
  );

  it('a panel over another, or beyond the edge, is noticed', () => {
    expect(misplaced([at(0, 0, 12), at(12, 0, 12), at(0, 4, 24)])).toEqual([]);
    expect(misplaced([at(0, 0, 12), at(11, 0, 12)])).toHaveLength(1);
    expect(misplaced([at(20, 0, 6)])).toHaveLength(1);
    expect(misplaced([at(0, 0, 12), at(0, 3, 12)])).toHaveLength(1);
  });
});

describe('ids', () => {
  it.each(FILES.map((file) => [file.name, file.dashboard] as const))('of %s are unique', (_, dashboard) => {
    const ids = [...(dashboard.panels ?? []), ...panelsOf(dashboard)].map(({ id }) => id);
    const distinct = new Set(ids);
    const nested = panelsOf(dashboard).filter((panel) => dashboard.panels?.includes(panel));
    expect(distinct.size).toBe(ids.length - nested.length);
    expect([...distinct].every((id) => Number.isInteger(id) && Number(id) > 0)).toBe(true);
  });

  it('come from the key alone, so that a panel keeps its id when others are added', () => {
    expect(panelIdOf('run-success-rate')).toBe(485_191);
    for (const board of BOARDS) {
      for (const tile of tilesOf(board)) expect(tile.panel.id).toBe(panelIdOf(tile.key));
    }
  });

  it.each(PANELS)('refIds of %s are A, B, …', (_, panel) => {
    const refIds = targetsOf(panel).map(({ refId }) => refId);
    expect(refIds).toEqual(refIds.map((__, index) => String.fromCodePoint(65 + index)));
  });
});

describe('texts and units', () => {
  it.each(PANELS)('%s has a title and says what a bad value means and what to do', (_, panel) => {
    expect(panel.title?.trim()).toBeTruthy();
    expect(panel.description).toMatch(/bad value:\*\* \S/);
    expect(panel.description).toMatch(/What to do:\*\* \S/);
    // Ids of signals are for programs.
    expect(CATALOGUE.filter(({ id }) => id.includes('_') && panel.description?.includes(id))).toEqual([]);
  });

  it('titles stand for ids in texts', () => {
    expect(withTitles('See cache_hit_ratio, and max_tokens.')).toBe('See “Cache hit ratio”, and max_tokens.');
  });

  it.each(PANELS)('the numbers of %s have units', (_, panel) => {
    const isExcepted = EXCEPTIONS[panel.type]?.includes('unit') ?? false;
    const isTraceList = targetsOf(panel).some((target) => target.datasource?.type === 'tempo');
    expect(isExcepted || isTraceList || hasUnits(panel)).toBe(true);
  });
});

describe('queries', () => {
  it.each(PANELS)('%s asks its data sources by a variable that holds a uid', (_, panel, dashboard) => {
    const isExcepted = EXCEPTIONS[panel.type]?.includes('targets') ?? false;
    expect(isExcepted || (panel.targets ?? []).length > 0).toBe(true);
    const variables = (dashboard.templating.list ?? []).filter(
      ({ type }) => type === VariableType.Datasource,
    );
    for (const { datasource } of targetsOf(panel)) {
      const variable = variables.find(({ name }) => datasource?.uid === `\${${name}}`);
      expect(variable?.query).toBe(datasource?.type);
      expect(panel.datasource).toEqual(datasource);
    }
  });

  it.each(PANELS)('%s uses only variables that its board has', (_, panel, dashboard) => {
    const names = new Set((dashboard.templating.list ?? []).map(({ name }) => name));
    // A template of Loki has variables of its own, which Grafana does not know and leaves alone.
    const text = JSON.stringify([panel.targets, panel.fieldConfig, panel.title]).replaceAll(
      /\{\{.*?\}\}/g,
      (template) => template.replaceAll(/\$\w+/g, ''),
    );
    const used = [...text.matchAll(/\$\{?(\w+)/g)].map((match) => match[1] ?? '');
    // Digits stand for groups of a regular expression.
    expect(used.filter((name) => !/^(__|\d+$)/.test(name) && !names.has(name))).toEqual([]);
  });

  it.each(PANELS)(
    'what is chosen or typed stands in back quotes in %s, where it ends no text',
    (_, panel) => {
      const queries = (panel.targets as unknown as (LokiTarget & { readonly query?: string })[]).filter(
        ({ datasource }) => ['loki', 'tempo'].includes(datasource?.type ?? ''),
      );
      // Macros of Grafana are durations and times.
      const outside = queries.map(({ expr, query }) =>
        (expr ?? query ?? '').replaceAll(/`[^`]*`/g, '').replaceAll('$__', ''),
      );
      expect(outside.filter((text) => /\$\{?[a-z_]/.test(text))).toEqual([]);
    },
  );

  it.each(PANELS)('every aggregate of %s says by what it groups', (_, panel) => {
    if (EXCEPTIONS[panel.type]?.includes('by')) return;
    for (const target of panel.targets as unknown as LokiTarget[]) {
      expect(ungrouped(target.expr ?? '')).toEqual([]);
    }
  });

  it('an aggregate without its grouping is noticed', () => {
    expect(ungrouped('max_over_time({a="b"} | c=`)` [1h]) by (d)')).toEqual([]);
    expect(ungrouped('max_over_time({a="b"} | unwrap c [1h])')).toEqual(['max_over_time']);
    expect(ungrouped('topk(3, quantile_over_time(0.5, {a="b"} | unwrap c [1h]) by ())')).toEqual([]);
  });

  it('every query of a signal is what the compiler makes of the signal, and of nothing else', () => {
    for (const board of BOARDS) {
      const panels = new Map(panelsOf(dashboardOf(board)).map((panel) => [panel.id, panel]));
      for (const tile of tilesOf(board)) {
        const targets = panels.get(tile.panel.id)?.targets as unknown as LokiTarget[];
        expect(targets.map(({ refId }) => refId)).toEqual(Object.keys(tile.sources));
        for (const { refId, expr } of targets) {
          const source = tile.sources[refId];
          if (source?.kind !== 'signal') continue;
          expect(CATALOGUE).toContain(signalOf(source.signal));
          expect(expr).toBe(queryOf(source).expr);
        }
      }
    }
  });

  it('lists and lines lead to the events behind a signal', () => {
    const explained = BOARDS.flatMap(tilesOf)
      .flatMap(({ sources }) => Object.values(sources))
      .flatMap((source) => ('explains' in source ? [source.explains] : []));
    expect(explained.length).toBeGreaterThan(0);
    for (const id of explained) expect(CATALOGUE).toContain(signalOf(id));
  });
});

describe('fields', () => {
  it('that Loki has in the line only are read from there', () => {
    expect(
      PANELS.flatMap(([, panel]) => targetsOf(panel).flatMap(({ expr }) => takenForLabels(expr))),
    ).toEqual([]);
    expect(takenForLabels('sum by (span_id) (count_over_time({a="b"}[1h]))')).toEqual(['span_id']);
  });

  it.each(PANELS)('%s speaks only of fields that its frames have', (_, panel) => {
    expect(unknownFields(panel)).toEqual([]);
  });

  it('one that no frame has is noticed, wherever it stands', () => {
    const [, panel] = PANELS.find(([name]) => name === 'overview.json: Slowest runs') ?? [];
    if (!panel) throw new Error('the overview lists no runs');
    const faultsWith = (change: Partial<Panel>): string[] => unknownFields({ ...panel, ...change });
    expect(faultsWith({})).toEqual([]);
    expect(
      faultsWith({ transformations: [{ id: 'sortBy', options: { sort: [{ field: 'Value' }] } }] }),
    ).toContain('sortBy: Value');
    expect(
      faultsWith({ transformations: [{ id: 'organize', options: { renameByName: { measure: 'x' } } }] }),
    ).toContain('organize: measure');
    const defaults = { displayName: '${__data.fields.tool}' };
    const overrides = [
      { matcher: { id: 'byName', options: 'Kosten' }, properties: [] },
      { matcher: { id: 'byFrameRefID', options: 'Z' }, properties: [] },
    ];
    expect(faultsWith({ fieldConfig: { defaults, overrides } })).toEqual([
      'override: Kosten',
      'override: query Z',
      'macro: tool',
    ]);
  });
});

describe('colours', () => {
  it('turn where the rule of the signal begins to speak', () => {
    const settings = defaultSettings();
    const shown = RULES.filter(({ signal }) => CATALOGUE.some(({ id }) => id === signal));
    expect(shown.length).toBeGreaterThan(10);
    for (const rule of shown) {
      const signal = signalOf(rule.signal);
      const [, step] = thresholdsOf(signal, rule.by === undefined ? [] : [rule.by]);
      const limit = settingInSignalUnit(rule.threshold, settings) / displayOf(signal.unit).divideBy;
      // A colour begins at its value; a rule speaks above it, which for a count is the next whole number.
      expect([limit, limit + 1]).toContain(step?.value);
      expect(step?.color).toBe(rule.comparison === 'above' ? 'red' : 'green');
    }
  });

  it('judge success by the rule about failures', () => {
    const [low, high] = thresholdsOf(signalOf('run_success_rate'));
    expect([low?.color, high?.color, high?.value]).toEqual(['red', 'green', 0.8]);
  });

  it('do not judge a share of failures, nor an amount of other groups', () => {
    expect(thresholdsOf(signalOf('tool_failure_rate'), ['tool', 'error'])).toHaveLength(1);
    expect(thresholdsOf(signalOf('cost'), [])).toHaveLength(1);
    expect(thresholdsOf(signalOf('cost'), ['session'])).toHaveLength(2);
  });
});

function at(x: number, y: number, w: number): Panel {
  return { type: 'stat', gridPos: { x, y, w, h: 4 } };
}

/** The panels as they lie when every row is open. */
function opened(dashboard: Dashboard): (Panel | RowPanel)[] {
  let shift = 0;
  return (dashboard.panels ?? []).flatMap((panel) => {
    const moved = move(panel, shift);
    if (!('panels' in panel) || !panel.collapsed) return [moved];
    const inner = panel.panels.map((one) => move(one, shift));
    const top = (panel.gridPos?.y ?? 0) + 1;
    shift += Math.max(...panel.panels.map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0) - top));
    return [moved, ...inner];
  });
}

function move<P extends Panel | RowPanel>(panel: P, by: number): P {
  const { gridPos } = panel;
  return gridPos ? { ...panel, gridPos: { ...gridPos, y: gridPos.y + by } } : panel;
}

function misplaced(panels: readonly (Panel | RowPanel)[]): string[] {
  const faults: string[] = [];
  panels.forEach((panel, index) => {
    const place = panel.gridPos;
    if (!place || place.w < 1 || place.h < 1 || place.x < 0 || place.x + place.w > GRID_COLUMNS) {
      faults.push(`${panel.title} is beyond the edge`);
      return;
    }
    for (const other of panels.slice(index + 1)) {
      const there = other.gridPos;
      if (!there) continue;
      const isApart =
        place.x + place.w <= there.x ||
        there.x + there.w <= place.x ||
        place.y + place.h <= there.y ||
        there.y + there.h <= place.y;
      if (!isApart) faults.push(`${panel.title} lies over ${other.title}`);
    }
  });
  return faults;
}

/** Aggregates over lines that do not say by what they group: Loki would make a series of every line. */
function ungrouped(expr: string): string[] {
  const plain = expr.replaceAll(/`[^`]*`|"(?:[^"\\]|\\.)*"/g, '""');
  return [...plain.matchAll(/\b(?:max|min|avg|quantile)_over_time(?=\()/g)].flatMap((match) => {
    let depth = 0;
    let end = match.index + match[0].length;
    do {
      if (plain[end] === '(') depth++;
      if (plain[end] === ')') depth--;
      end++;
    } while (depth > 0 && end < plain.length);
    return plain.slice(end).startsWith(' by (') ? [] : [match[0]];
  });
}

/** A unit for all fields, or for at least one column of a table. */
function hasUnits(panel: Panel): boolean {
  if (panel.fieldConfig?.defaults.unit !== undefined) return true;
  const properties = (panel.fieldConfig?.overrides ?? []).flatMap((override) => override.properties);
  return panel.type === 'table' && properties.some(({ id }) => id === 'unit');
}
