import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runTallyspan } from '../programs/tallyspan.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'tallyspan-stack-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('tallyspan stack', () => {
  it('writes everything that the compose file and its overlays mount', async () => {
    const target = path.join(dir, 'new', 'stack');
    expect(await runTallyspan(['stack', target])).toMatchObject({ exitCode: 0, stderr: '' });
    const compose = ['', '.metrics', '.ruler', '.s3']
      .map((overlay) => readFileSync(path.join(target, `docker-compose${overlay}.yml`), 'utf8'))
      .join('\n');
    const mounted = [...compose.matchAll(/- (\.\/[^:\s]+):/g)].map(([, file = '']) => file);
    expect(mounted).toEqual(expect.arrayContaining(['./stack/loki.yaml', './stack/prometheus.yaml']));
    for (const file of mounted) expect([file, existsSync(path.join(target, file))]).toEqual([file, true]);
    expect(readFileSync(path.join(target, '.env'), 'utf8')).toContain('TELEGRAM_BOT_TOKEN');
  });

  it('leaves an .env that is there', async () => {
    writeFileSync(path.join(dir, '.env'), 'TIMEZONE=Europe/Berlin\n');
    await runTallyspan(['stack', dir]);
    expect(readFileSync(path.join(dir, '.env'), 'utf8')).toBe('TIMEZONE=Europe/Berlin\n');
  });

  it('replaces no file that was edited, or that is not its own, unless it is told to', async () => {
    await runTallyspan(['stack', dir]);
    expect(await runTallyspan(['stack', dir])).toMatchObject({ exitCode: 0, stderr: '' });
    const edited = path.join(dir, 'stack', 'loki.yaml');
    writeFileSync(edited, 'mine\n');
    rmSync(path.join(dir, 'docker-compose.yml'));
    const refused = await runTallyspan(['stack', dir]);
    expect(refused).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('--force') });
    expect(refused.stderr.match(/^ {2}.+$/gm)).toEqual([`  ${edited}`]);
    expect(readFileSync(edited, 'utf8')).toBe('mine\n');
    expect(existsSync(path.join(dir, 'docker-compose.yml'))).toBe(false);
    writeFileSync(path.join(dir, '.env'), 'TIMEZONE=Europe/Berlin\n');
    expect(await runTallyspan(['stack', dir, '--force'])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readFileSync(edited, 'utf8')).not.toBe('mine\n');
    expect(readFileSync(path.join(dir, '.env'), 'utf8')).toBe('TIMEZONE=Europe/Berlin\n');
  });

  it('says what is wrong with a folder that it cannot write to', async () => {
    writeFileSync(path.join(dir, 'file'), '');
    const { exitCode, stderr } = await runTallyspan(['stack', path.join(dir, 'file')]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(path.join(dir, 'file'));
    expect(stderr).not.toContain('    at ');
  });
});
