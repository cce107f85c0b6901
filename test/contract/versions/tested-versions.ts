// What the contract tests run on: the range that the README and the documents may promise.

/** Version of the SDK, and whether it sends its requests through per-request middleware, where attempts can be counted. */
export const SDK_VERSIONS = [
  ['0.20.9', false],
  ['0.27.3', false],
  ['0.33.1', false],
  ['0.39.0', false],
  ['0.52.0', false],
  ['0.60.0', false],
  ['0.71.2', false],
  ['0.90.0', false],
  ['0.120.0', true],
  ['0.133.0', true],
  ['0.134.0', true],
  ['1.0.0', true],
  ['1.15.0', true],
] as const;

/** Besides the Node that runs the tests: the oldest that is supported, and the newest of each line. */
export const NODE_VERSIONS = ['22.15.0', '22.23.3', '24.21.0', '26.10.0'] as const;

export const UNSUPPORTED_NODE_VERSIONS = ['18.20.8', '20.20.2'] as const;

/** Below the supported range; its calls are not observed. */
export const UNSUPPORTED_SDK_VERSION = '0.20.8';

const NEWEST_SDK = '1.15.0';

/** Another instrumentation of the SDK. */
export interface Peer {
  readonly name: string;
  readonly packages: Readonly<Record<string, string>>;
  /** Ways of calling that the peer alone breaks: they are compared with it, not counted. */
  readonly broken?: readonly string[];
}

const API_1_9 = { '@opentelemetry/api': '1.9.1', '@opentelemetry/sdk-trace-node': '2.12.0' };

/** Exact versions; the newest of each when the table was last gone through. */
export const PEERS: readonly Peer[] = [
  { name: 'sentry', packages: { '@sentry/node': '11.12.0', '@anthropic-ai/sdk': NEWEST_SDK } },
  { name: 'dd-trace', packages: { 'dd-trace': '6.21.0', '@anthropic-ai/sdk': NEWEST_SDK } },
  {
    name: 'openinference',
    packages: {
      '@arizeai/openinference-instrumentation-anthropic': '0.2.8',
      '@anthropic-ai/sdk': NEWEST_SDK,
      ...API_1_9,
    },
  },
  {
    // It reads a class that the SDK has not had since 1.0: there it throws while the SDK loads, with and without us.
    name: 'openllmetry',
    packages: {
      '@traceloop/instrumentation-anthropic': '0.27.0',
      '@anthropic-ai/sdk': '0.133.0',
      ...API_1_9,
    },
  },
  {
    // It hands out promises without the methods of the SDK's.
    name: 'openlit',
    packages: { openlit: '1.15.0', '@anthropic-ai/sdk': NEWEST_SDK },
    broken: ['with_response', 'helper'],
  },
];
