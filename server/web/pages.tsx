// The pages and their addresses.

import type { FastifyInstance } from 'fastify';
import type { VNode } from 'preact';
import { renderPage } from './layout.tsx';
import { registerAlerts } from './pages/alerts/alerts-route.tsx';
import { registerRules } from './pages/alerts/rule-route.tsx';
import { registerBreakdowns } from './pages/breakdown/breakdown-route.tsx';
import { registerDiagnosis } from './pages/diagnose/diagnose-route.tsx';
import { registerGroups } from './pages/groups/groups-route.tsx';
import { registerLimits } from './pages/limits/limits-route.tsx';
import { registerOverview } from './pages/overview/overview-route.tsx';
import { registerFindings } from './pages/findings/findings-route.tsx';
import { registerReconcile } from './pages/reconcile/reconcile-route.tsx';
import { registerCompare, registerRun } from './run-routes.tsx';
import { registerReceived } from './pages/received/received-route.tsx';
import { registerRuns } from './pages/runs/runs-route.tsx';
import { registerSearch } from './pages/search/search-route.tsx';
import { registerThings } from './pages/thing/thing-route.tsx';
import { registerSession } from './pages/session/session-route.tsx';
import { registerViews } from './saved-views.ts';
import type { WebContext } from './web-context.ts';

export function registerPages(app: FastifyInstance, context: WebContext): void {
  registerOverview(app, context);
  registerRuns(app, context);
  registerSearch(app, context);
  registerBreakdowns(app, context);
  registerThings(app, context);
  registerSession(app, context);
  registerDiagnosis(app, context);
  registerFindings(app, context);
  registerReconcile(app, context);
  registerAlerts(app, context);
  registerReceived(app, context);
  registerLimits(app, context);
  registerRules(app, context);
  registerViews(app, context);

  registerGroups(app, context);
  registerRun(app, context);
  registerCompare(app, context);
}

/** The page of a fault. */
export function renderFault(context: WebContext, statusCode: number, message: string): string {
  const frame = {
    title: faultTitle(statusCode),
    path: '',
    timezone: context.timezone,
    firing: context.readAlerts()?.firing,
  };
  return renderPage(frame, <Fault statusCode={statusCode} message={message} />, false);
}

function Fault({ statusCode, message }: { statusCode: number; message: string }): VNode {
  return (
    <div class="hello fault">
      <h1>{faultTitle(statusCode)}</h1>
      <p>{message}</p>
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
