import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '#scripts/tree.ts';

export const dashboardPath = 'deploy/grafana/gatehouse.json';

/** One query of a panel. */
export interface PanelQuery {
  readonly panel: string;
  readonly expr: string;
  /** The labels that its legend names. */
  readonly legend: readonly string[];
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export interface Dashboard {
  readonly schemaVersion: number;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string; readonly allValue?: string }[];
  };
  readonly panels: readonly Panel[];
}

export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(join(ROOT, dashboardPath), 'utf8'));
}

/** Every query, with Grafana's variables filled in as for all houses and a few minutes. */
export function queriesOf(dashboard: Dashboard): readonly PanelQuery[] {
  const own = dashboard.templating.list.flatMap(({ name, allValue }) => (allValue === undefined ? [] : [[name, allValue] as const]));
  const values = new Map<string, string>([['__rate_interval', '2m'], ['__range', '5m'], ...own]);
  return dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      panel: title,
      expr: expr.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
        const value = values.get(braced ?? bare ?? '');
        if (value === undefined) throw new Error(`nothing is known of ${whole} in ${title}`);
        return value;
      }),
      legend: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
    })),
  );
}

/** The metrics that a query reads, by the names of their families. */
export function metricsIn(expr: string): readonly string[] {
  return [...expr.matchAll(/\b(?:gatehouse|process|nodejs)_\w+/g)].map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ''));
}
