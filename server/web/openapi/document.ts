// The OpenAPI document: made from what the routes say of themselves when they are registered, so that a route cannot be
// missing in it. Served at /api/openapi.json.

import type { FastifyInstance, RouteOptions } from 'fastify';
import { unknownName } from '../../questions/filter-keys.ts';
import { RequestError } from '../../questions/request-error.ts';
import { ANSWERS } from './answers.ts';
import { refTo, type JsonSchema } from './json-schema.ts';
import type { RouteDescription } from './routes.ts';

declare module 'fastify' {
  // What is said of a route beside its parameters and answers.
  interface FastifySchema extends Pick<
    Partial<RouteDescription>,
    'summary' | 'stability' | 'problems' | 'media' | 'isPaged'
  > {}
}

const API = /^\/api\//;
/** Of the API: the second number is counted up where something is added, the first where a stable thing goes. */
const API_VERSION = '1.1.0';
const PATH = '/api/openapi.json';
/** Any question may be wrong, need a token, come too often, or find the server busy. */
const COMMON_PROBLEMS = [400, 401, 403, 421, 429, 503];
/** What is asked for by name may not be there, and the beginning of an id may be that of several. */
const NAMED_PROBLEMS = [404, 409];
const NAME: JsonSchema = { type: 'string', minLength: 1 };
const ABOUT = `Numbers about runs of agents, what they cost, and why did cost change. Money is at list price.

**Stable**: operations with \`x-stability: stable\` keep their address, parameters and the named fields of their answers; new fields and parameters may come. \`internal\` ones may change with any version.

**Filters**: a parameter that may stand several times means any of its values, and one with \`-\` before its name (\`-user=ana\`) excludes them; what has no value has none of the excluded ones.

**Errors** are problem details (RFC 9457). **Lists** that are paged take \`limit\`, and answer with a \`Link\` header whose \`rel="next"\` is the address of the next part; it holds however many rows come before.`;

/** Collects the routes that are registered from now on, and serves their document. */
export function describeApi(app: FastifyInstance): void {
  // The functions behind the routes check what they are asked, with better words; answers are sent as they are.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  const routes: RouteOptions[] = [];
  const addresses = new Map<string, Address>();
  app.addHook('onRoute', (route) => {
    if (!API.test(route.url)) return;
    const address = addresses.get(route.url) ?? { pattern: patternOf(route.url), methods: new Set() };
    for (const method of [route.method].flat()) address.methods.add(method);
    addresses.set(route.url, address);
    if (route.method !== 'HEAD' && route.method !== 'OPTIONS') routes.push(route);
  });
  // Before a body is read that nobody asked for.
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return;
    const [path = ''] = request.url.split('?');
    const known = [...addresses.values()].find(({ pattern }) => pattern.test(path));
    if (known === undefined) return;
    const allowed = [...known.methods].toSorted().join(', ');
    void reply.header('allow', allowed);
    throw new RequestError(405, `${path} answers ${allowed}, not ${request.method}`);
  });
  // A filter that is misspelt would narrow nothing, and nobody would see it.
  app.addHook('preValidation', async ({ routeOptions: { url = '', schema }, query }) => {
    if (!API.test(url)) return;
    const { properties = {} } = (schema?.querystring ?? {}) as { readonly properties?: object };
    const known = Object.keys(properties);
    const unknown = Object.keys(query as object).find((name) => !known.includes(name));
    if (unknown !== undefined) throw unknownName(unknown, known, 'parameter');
  });
  let document: string | undefined;
  app.get(
    PATH,
    { schema: { summary: 'This document', stability: 'stable', response: { 200: { type: 'object' } } } },
    (_request, reply) =>
      reply.type('application/json; charset=utf-8').send((document ??= JSON.stringify(documentOf(routes)))),
  );
}

interface Address {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

/** Which paths a route is for: `/api/runs/:id` any run's. */
function patternOf(url: string): RegExp {
  return new RegExp(`^${url.replaceAll('.', String.raw`\.`).replaceAll(/:\w+/g, '[^/]+')}$`);
}

function documentOf(routes: readonly RouteOptions[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const address = route.url.replaceAll(/:(\w+)/g, '{$1}');
    const path = (paths[address] ??= {});
    for (const method of [route.method].flat())
      if (method !== 'HEAD') path[method.toLowerCase()] = operationOf(route, address, method);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'tallyspan', version: API_VERSION, description: ABOUT },
    security: [{}, { token: [] }],
    paths,
    components: {
      schemas: ANSWERS,
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operationOf({ schema = {} }: RouteOptions, address: string, method: string): object {
  const { summary = address, stability = 'internal', media = 'application/json', isPaged } = schema;
  const inPath = [...address.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const problems = [
    ...COMMON_PROBLEMS,
    ...(inPath.length > 0 ? NAMED_PROBLEMS : []),
    ...(schema.problems ?? []),
  ].toSorted((a, b) => a - b);
  const answers = Object.entries((schema.response ?? {}) as Record<string, JsonSchema>);
  const problem = { 'application/problem+json': { schema: refTo('Problem') } };
  return {
    operationId: operationIdOf(address, method),
    summary,
    'x-stability': stability,
    parameters: [
      ...parametersOf('path', {
        properties: {
          ...Object.fromEntries(inPath.map((name) => [name, NAME])),
          ...((schema.params as JsonSchema | undefined)?.['properties'] as object | undefined),
        },
      }),
      ...parametersOf('query', schema.querystring as JsonSchema | undefined),
    ],
    ...(schema.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schema.body } } } }),
    responses: {
      ...Object.fromEntries(
        (answers.length > 0 ? answers : [['200', {}] as const]).map(([status, answer]) => [
          status,
          {
            description: summary,
            ...(isPaged === true ? { headers: LINK } : {}),
            content: { [media]: { schema: answer } },
          },
        ]),
      ),
      ...Object.fromEntries(
        problems.map((status) => [status, { description: 'A problem', content: problem }]),
      ),
    },
  };
}

const LINK = {
  Link: {
    description: 'the addresses of the next and the previous part, where there are such',
    schema: { type: 'string' },
  },
};

function parametersOf(place: 'path' | 'query', schema: JsonSchema | undefined): object[] {
  const required = (schema?.['required'] ?? []) as readonly string[];
  return Object.entries((schema?.['properties'] ?? {}) as Record<string, JsonSchema>).map(
    ([name, { description, deprecated, ...rest }]) => ({
      name,
      in: place,
      ...(place === 'path' || required.includes(name) ? { required: true } : {}),
      ...(description === undefined ? {} : { description }),
      ...(deprecated === undefined ? {} : { deprecated }),
      schema: rest,
    }),
  );
}

/** `get_runs_id` of GET /api/runs/{id}. */
function operationIdOf(address: string, method: string): string {
  const words = address.replace(API, '').match(/\w+/g) ?? [];
  return [method.toLowerCase(), ...words].join('_');
}
