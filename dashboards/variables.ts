// Variables of the boards: data sources by uid, and what the numbers are narrowed to.
// The service is a label of Loki's index; agent, model, user and task are not, so their choices come from
// Tempo's tag values, and anything else can be typed. What is rarely changed is in the menu of the controls.

import {
  CustomVariableBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import { fieldOfDimension, type Dimension } from '../core/schema.ts';

/** The dimensions that a board can be narrowed to, beside the service. */
export const NARROWING = [
  'agent',
  'model',
  'user',
  'task',
  'version',
] as const satisfies readonly Dimension[];
export type Narrowing = (typeof NARROWING)[number];

/** Zone of calendar days in the queries of a board. */
export const TIMEZONE = '${timezone}';

export const LOKI: DataSourceRef = { type: 'loki', uid: '${loki}' };
export const TEMPO: DataSourceRef = { type: 'tempo', uid: '${tempo}' };
export const PROMETHEUS: DataSourceRef = { type: 'prometheus', uid: '${prometheus}' };

/** Which variables a board has beside the data sources. */
export type BoardVariable = 'service' | Narrowing | 'tool' | 'session' | 'timezone' | 'run' | 'prometheus';

const LABELS: Readonly<Record<Narrowing | 'tool', string>> = {
  agent: 'Agent',
  model: 'Model',
  user: 'User',
  task: 'Task type',
  version: 'Version',
  tool: 'Tool',
};

/** Zones to choose from; any other IANA name can be typed. */
const ZONES = [
  'UTC',
  'Europe/London',
  'Europe/Berlin',
  'America/New_York',
  'America/Chicago',
  'America/Los_Angeles',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Asia/Shanghai',
  'Asia/Tokyo',
  'Australia/Sydney',
];

/** The variables of a board, data sources first. */
export function boardVariables(names: readonly BoardVariable[]): VariableModel[] {
  const variables = [dataSource('loki', 'Loki'), dataSource('tempo', 'Tempo'), ...names.map(variableOf)];
  // The builders write the settings of interval variables into all of them; Grafana's schema has them nowhere.
  return variables.map((built) => {
    const { auto: _, auto_min: __, auto_count: ___, ...variable } = built;
    return variable;
  });
}

function variableOf(name: BoardVariable): VariableModel {
  switch (name) {
    case 'service':
      return serviceVariable();
    case 'timezone':
      return timezoneVariable();
    case 'run':
      return new TextBoxVariableBuilder('run')
        .label('Run id')
        .description('Run id, 32 hex digits; every table of runs links here.')
        .defaultValue('')
        .build();
    case 'session':
      return sessionVariable();
    case 'prometheus':
      return dataSource('prometheus', 'Prometheus');
    default:
      return tagVariable(name);
  }
}

function dataSource(type: 'loki' | 'tempo' | 'prometheus', label: string): VariableModel {
  const uid = { text: label, value: type };
  return new DatasourceVariableBuilder(type)
    .label(label)
    .type(type)
    .current(uid)
    .hide(VariableHide.InControlsMenu)
    .build();
}

const ALL = { text: 'All', value: '$__all' };

function serviceVariable(): VariableModel {
  return new QueryVariableBuilder('service')
    .label('Service')
    .datasource(LOKI)
    .query({ label: 'service_name', refId: 'service', stream: '{event_name=~"agent[.].+"}', type: 1 })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current(ALL)
    .build();
}

function tagVariable(name: Narrowing | 'tool'): VariableModel {
  return new QueryVariableBuilder(name)
    .label(LABELS[name])
    .description('The choices come from Tempo; anything else can be typed.')
    .datasource(TEMPO)
    .query({ label: fieldOfDimension(name), refId: name, type: 1 })
    .refresh(VariableRefresh.OnDashboardLoad)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .allowCustomValue(true)
    .current(ALL)
    .build();
}

/** Sessions are too many to choose from: a link or someone's hand fills it in. */
function sessionVariable(): VariableModel {
  return new CustomVariableBuilder('session')
    .label('Session')
    .description('Session whose runs are listed; every row of Sessions links here, anything can be typed.')
    .values('')
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .allowCustomValue(true)
    .current(ALL)
    .build();
}

function timezoneVariable(): VariableModel {
  const options = ZONES.map((zone) => ({ text: zone, value: zone, selected: zone === 'UTC' }));
  return new CustomVariableBuilder('timezone')
    .label('Days in')
    .description('Zone of calendar days ("today"); any IANA name can be typed. Anthropic bills in UTC.')
    .values(ZONES.join(','))
    .options(options)
    .allowCustomValue(true)
    .current({ text: 'UTC', value: 'UTC' })
    .hide(VariableHide.InControlsMenu)
    .build();
}
