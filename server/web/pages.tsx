// The pages and their addresses.

import type { FastifyInstance } from 'fastify';
import type { VNode } from 'preact';
import { renderPage } from './layout.tsx';
import { registerAlertsRoutes } from './pages/alerts/alerts-route.tsx';
import { registerOwnRulesRoutes } from './pages/alerts/own-rule-route.tsx';
import { registerRulesRoutes } from './pages/alerts/rule-route.tsx';
import { registerBreakdownsRoutes } from './pages/breakdown/breakdown-route.tsx';
import { registerClaudeCodeRoutes } from './pages/claude-code/claude-code-route.tsx';
import { registerDiagnosisRoutes } from './pages/diagnose/diagnose-route.tsx';
import { registerGroupsRoutes } from './pages/groups/groups-route.tsx';
import { registerLimitsRoutes } from './pages/limits/limits-route.tsx';
import { registerOverviewRoutes } from './pages/overview/overview-route.tsx';
import { registerFindingsRoutes } from './pages/findings/findings-route.tsx';
import { registerReconcileRoutes } from './pages/reconcile/reconcile-route.tsx';
import { registerCompareRoutes, registerRunRoutes } from './run-routes.tsx';
import { registerReceivedRoutes } from './pages/received/received-route.tsx';
import { registerRunsRoutes } from './pages/runs/runs-route.tsx';
import { registerSearchRoutes } from './pages/search/search-route.tsx';
import { registerThingsRoutes } from './pages/thing/thing-route.tsx';
import { registerSessionRoutes } from './pages/session/session-route.tsx';
import { registerViews } from './saved-views.ts';
import type { WebContext } from './web-context.ts';

export function registerPages(app: FastifyInstance, context: WebContext): void {
  registerOverviewRoutes(app, context);
  registerRunsRoutes(app, context);
  registerSearchRoutes(app, context);
  registerBreakdownsRoutes(app, context);
  registerThingsRoutes(app, context);
  registerSessionRoutes(app, context);
  registerDiagnosisRoutes(app, context);
  registerFindingsRoutes(app, context);
  registerReconcileRoutes(app, context);
  registerAlertsRoutes(app, context);
  registerReceivedRoutes(app, context);
  registerLimitsRoutes(app, context);
  registerOwnRulesRoutes(app, context);
  registerRulesRoutes(app, context);
  registerViews(app, context);

  registerClaudeCodeRoutes(app, context);
  registerGroupsRoutes(app, context);
  registerRunRoutes(app, context);
  registerCompareRoutes(app, context);
}

/** The page of a fault; what was searched for stays in the field, to be put right. */
export function renderFault(
  context: WebContext,
  statusCode: number,
  message: string,
  searched?: string,
): string {
  const frame = {
    title: faultTitle(statusCode),
    path: '',
    timezone: context.timezone,
    firing: context.readAlerts()?.firing,
    isExample: context.example === undefined,
    ...(searched === undefined ? {} : { searched }),
  };
  return renderPage(frame, <Fault statusCode={statusCode} message={message} />, false);
}

function Fault({ statusCode, message }: { statusCode: number; message: string }): VNode {
  return (
    <div class="hello fault">
      <h1>{faultTitle(statusCode)}</h1>
      <p class="reason">{message}</p>
      <p>
        <a href="/">To the overview</a> · <a href="/runs">to all runs</a>
      </p>
    </div>
  );
}

function faultTitle(statusCode: number): string {
  if (statusCode === 404) return 'Nothing here';
  return statusCode >= 500 ? 'The server failed' : 'That did not work';
}
