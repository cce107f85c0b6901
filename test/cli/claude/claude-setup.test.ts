// `tallyspan claude setup` and what doctor says of its settings, with a home of their own and a real server.

import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { checkClaude } from '../../../cli/doctor/check-claude.ts';
import { startTestServer, type TestServer } from '../../server/harness.ts';
import { runCommand } from '../run-command.ts';

const NEVER = new AbortController().signal;
let home: string;
let file: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'tallyspan-setup-'));
  file = path.join(home, '.claude/settings.json');
});
afterEach(() => rm(home, { recursive: true, force: true }));

const setup = (...args: readonly string[]): ReturnType<typeof runCommand> =>
  runCommand(['claude', 'setup', ...args], { env: { HOME: home } });
const settings = async (): Promise<unknown> => JSON.parse(await readFile(file, 'utf8')) as unknown;

async function write(text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
}

const check = async (env: NodeJS.ProcessEnv = {}): Promise<unknown[]> =>
  (await checkClaude({ HOME: home, ...env }, NEVER)).map(({ verdict, what, advice }) => [
    verdict,
    `${what} ${advice ?? ''}`,
  ]);

describe('claude setup', () => {
  it('prints the five lines, and writes nothing where nobody can be asked', async () => {
    const { exitCode, stdout } = await setup();
    expect(exitCode).toBe(0);
    expect(stdout.match(/^ {2}export \w+=.+$/gm)).toEqual([
      '  export CLAUDE_CODE_ENABLE_TELEMETRY=1',
      '  export OTEL_LOGS_EXPORTER=otlp',
      '  export OTEL_METRICS_EXPORTER=none',
      '  export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
      '  export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318',
    ]);
    expect(stdout).toContain('Nothing was written. Write it with --yes.');
    expect(await readdir(home)).toEqual([]);
  });

  it('names what sends the logs elsewhere all the same', async () => {
    await write('{"env":{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT":"https://logs.example.com/v1/logs"}}');
    const { stdout } = await setup('--yes');
    expect(stdout).toContain('Take it out, or the logs do not come here:');
    expect(stdout).toContain('  "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "https://logs.example.com/v1/logs"');
    expect(JSON.parse((await setup('--json')).stdout)).toMatchObject({
      overrides: ['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT'],
    });
  });

  it('takes an address with the path of a signal, and values that are numbers', async () => {
    await write('{"env":{"CLAUDE_CODE_ENABLE_TELEMETRY":1}}');
    await setup('--yes', '--endpoint', 'https://spans.example.com/v1/logs');
    expect(await settings()).toMatchObject({
      env: { CLAUDE_CODE_ENABLE_TELEMETRY: 1, OTEL_EXPORTER_OTLP_ENDPOINT: 'https://spans.example.com' },
    });
    await setup('--undo');
    expect(await settings()).toEqual({ env: { CLAUDE_CODE_ENABLE_TELEMETRY: 1 } });
  });

  it('writes them beside what the settings have, and says what they were', async () => {
    await write('{"model":"opus","env":{"FOO":"1","OTEL_METRICS_EXPORTER":"otlp"}}');
    const { stdout } = await setup('--yes', '--endpoint', 'https://spans.example.com/');
    expect(stdout).toContain('"OTEL_METRICS_EXPORTER": "none"   (is otlp)');
    expect(await settings()).toEqual({
      model: 'opus',
      env: {
        FOO: '1',
        CLAUDE_CODE_ENABLE_TELEMETRY: '1',
        OTEL_LOGS_EXPORTER: 'otlp',
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_EXPORTER_OTLP_ENDPOINT: 'https://spans.example.com',
      },
    });
    expect(await readdir(path.dirname(file))).toEqual(['settings.json', 'settings.json.before-tallyspan']);
    const again = JSON.parse(
      (await setup('--json', '--endpoint', 'https://spans.example.com')).stdout,
    ) as object;
    expect(again).toMatchObject({ file, missing: {}, written: false });
  });

  it('gives back what was there, and takes out the rest, once', async () => {
    const before = { env: { FOO: '1', OTEL_LOGS_EXPORTER: 'console' }, hooks: { Stop: [] } };
    await write(JSON.stringify(before));
    await setup('--yes');
    await setup('--yes', '--endpoint', 'https://spans.example.com');
    const { stdout } = await setup('--undo');
    expect(stdout).toContain('Taken out of "env"');
    expect(stdout).toContain('OTEL_LOGS_EXPORTER.\n');
    expect(await settings()).toEqual(before);
    expect(await readdir(path.dirname(file))).toEqual(['settings.json']);
    expect((await setup('--undo')).stdout).toContain('has nothing of it');
  });

  it('leaves what was there before and since, and no empty "env"', async () => {
    await write('{"env":{"OTEL_EXPORTER_OTLP_ENDPOINT":"http://127.0.0.1:4318"}}');
    await setup('--yes');
    await write(
      JSON.stringify({
        env: { ...((await settings()) as { env: object }).env, OTEL_METRICS_EXPORTER: 'otlp' },
      }),
    );
    const { stdout } = await setup('--undo', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ restored: [] });
    expect(await settings()).toEqual({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_METRICS_EXPORTER: 'otlp' },
    });
    await write('{"model":"opus"}');
    await setup('--yes');
    await setup('--undo');
    expect(await settings()).toEqual({ model: 'opus' });
  });

  it('takes out the lines of a setup that kept no record', async () => {
    await setup('--yes', '--endpoint', 'https://spans.example.com');
    await rm(`${file}.before-tallyspan`);
    await setup('--undo');
    expect(await settings()).toEqual({});
  });

  it('reads settings with a mark of the byte order, and leaves the rights of the file', async () => {
    await write('\uFEFF{"model":"opus"}');
    await chmod(file, 0o640);
    expect((await setup('--yes')).exitCode).toBe(0);
    expect(await settings()).toMatchObject({ model: 'opus', env: { OTEL_LOGS_EXPORTER: 'otlp' } });
    expect((await stat(file)).mode & 0o777).toBe(0o640);
  });

  it.each(['[]', '"x"', '7'])('replaces no "env" that is %s', async (env) => {
    await write(`{"env":${env}}`);
    const { exitCode, stderr } = await setup('--yes');
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('is no object of variables')]);
    expect(await readFile(file, 'utf8')).toBe(`{"env":${env}}`);
  });

  it('leaves a link a link, and settings that are no JSON as they are', async () => {
    const elsewhere = path.join(home, 'dotfiles.json');
    await writeFile(elsewhere, '{}');
    await mkdir(path.dirname(file));
    await symlink(elsewhere, file);
    await setup('--yes');
    expect(JSON.parse(await readFile(elsewhere, 'utf8'))).toHaveProperty('env.OTEL_LOGS_EXPORTER', 'otlp');
    await writeFile(elsewhere, '{"env":');
    const { exitCode, stderr } = await setup('--yes');
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('is no JSON object')]);
    expect(await readFile(elsewhere, 'utf8')).toBe('{"env":');
  });

  it.each([
    [['--endpoint', 'collector:4318'], 'is no http or https address'],
    [['--yes', '--print'], 'give one of them'],
  ])('refuses %j', async (args, message) => {
    const { exitCode, stderr } = await setup(...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('doctor on Claude Code', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.remove());

  it('says nothing where it is not', async () => {
    expect(await check()).toEqual([]);
  });

  it('asks for the settings, and is content when they lead to a server', async () => {
    await write('{}');
    expect(await check()).toEqual([['warn', expect.stringContaining('tallyspan claude setup')]]);
    await setup('--yes', '--endpoint', `http://${server.httpAddress}`);
    expect(await check()).toEqual([['ok', expect.stringContaining('which takes them')]]);
    expect(await check({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toEqual([['ok', expect.anything()]]);
  });

  it('tells what keeps them from arriving', async () => {
    const on = { CLAUDE_CODE_ENABLE_TELEMETRY: '1', OTEL_LOGS_EXPORTER: 'otlp' };
    await write('{}');
    expect(await check(on)).toEqual([['fail', expect.stringContaining('PROTOCOL is not set')]]);
    const http = { ...on, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' };
    expect(await check(http)).toEqual([['fail', expect.stringContaining('no address')]]);
    expect(await check({ ...http, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })).toEqual([
      ['warn', expect.stringContaining('nothing answers')],
    ]);
    await write('[]');
    expect(await check()).toEqual([['fail', expect.stringContaining('is no JSON object')]]);
  });
});
