import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder } from '../stack/folders.ts';
import { listenAddresses } from '../stack/listening.ts';
import { startLoki, type OwnLoki } from '../stack/loki.ts';
import { randomHex, sendLogs, sendSpans, toLog } from '../stack/otlp-client.ts';
import { waitUntil } from '../stack/process.ts';
import { startCollector, type CollectorServer } from '../stack/servers.ts';
import { startTempo, type OwnTempo } from '../stack/tempo.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';

// The default configuration as a whole: one Collector, a real Loki and a real Tempo, one of which goes away.

const TRACES_PER_PART = 100;
const SAID = `said-${randomHex(8)}`;

(await describeWith('collector', 'own loki', 'own tempo'))(
  'the real Collector before a real Tempo and a real Loki',
  () => {
    const tempoDir = makeTemporaryFolder('faults-tempo');
    const lokiDir = makeTemporaryFolder('faults-loki');
    const queueDir = makeTemporaryFolder('faults-queue');
    const traceIds: string[] = [];
    let tempo: OwnTempo;
    let loki: OwnLoki;
    let collector: CollectorServer;

    beforeAll(async () => {
      [loki, tempo] = await Promise.all([startLoki({ dir: lokiDir }), startTempo({ dir: tempoDir })]);
      await start();
    }, BUILD_TIMEOUT_MS);

    afterAll(async () => {
      await Promise.all([collector.stop(), tempo.stop(), loki.stop()]);
    });

    async function start(): Promise<void> {
      collector = await startCollector({
        configs: ['config.yaml'],
        env: { LOKI_URL: loki.url, TEMPO_ENDPOINT: tempo.grpcEndpoint },
        queueDir,
      });
    }

    /** Runs with a call each, and an event for each call. */
    async function emit(): Promise<void> {
      for (let index = 0; index < TRACES_PER_PART; index++) {
        const traceId = randomHex(16);
        const [rootId, callId] = [randomHex(8), randomHex(8)];
        const spans = [
          {
            name: 'chat claude-opus-5-5',
            traceId,
            spanId: callId,
            parentSpanId: rootId,
            attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.input.messages': SAID },
          },
          { name: 'invoke_agent shop', traceId, spanId: rootId, attributes: { 'agent.run_id': traceId } },
        ];
        const event = toLog({
          timestamp: Date.now(),
          'event.name': 'agent.model_call',
          trace_id: traceId,
          span_id: callId,
          cost_nano_usd: 1000,
          'tallyspan.request_json': SAID,
        });
        expect(await sendSpans(collector.httpUrl, { 'service.name': 'shop' }, 'tallyspan', spans)).toBe(200);
        expect(await sendLogs(collector.httpUrl, { 'service.name': 'shop' }, [event])).toBe(200);
        traceIds.push(traceId);
      }
    }

    async function readTrace(traceId: string): Promise<string> {
      const answer = await fetch(`${tempo.url}/api/v2/traces/${traceId}`, {
        headers: { accept: 'application/json' },
      });
      return answer.ok ? answer.text() : '';
    }

    async function findMissing(): Promise<string[]> {
      const missing: string[] = [];
      for (const traceId of traceIds) {
        const text = await readTrace(traceId);
        const names = [...text.matchAll(/"name":"((?:chat|invoke_agent) [^"]*)"/g)]
          .map(([, name = '']) => name)
          .sort((left, right) => left.localeCompare(right));
        if (JSON.stringify(names) !== '["chat claude-opus-5-5","invoke_agent shop"]') missing.push(traceId);
      }
      return missing;
    }

    /** Gives how many there are. Tempo moves traces from one of its parts to another, between which a question may miss them. */
    async function untilWhole(): Promise<number> {
      let missing: string[] = [];
      await waitUntil(
        async () => {
          missing = await findMissing();
          return missing.length === 0;
        },
        {
          what: () =>
            `${missing.length} traces; the Collector said\n${collector.process.output().slice(-3000)}`,
          timeoutMs: 120_000,
        },
      );
      return traceIds.length;
    }

    async function countEvents(): Promise<number> {
      return loki.queryNumber('sum(count_over_time({service_name="shop"}[1h]))');
    }

    it('stores every trace', async () => {
      await emit();
      expect(await untilWhole()).toBe(TRACES_PER_PART);
    });

    it('holds up no event while Tempo is down', async () => {
      await tempo.stop();
      await emit();
      await waitUntil(async () => (await countEvents()) >= traceIds.length, { what: () => 'every event' });
      expect(await countEvents()).toBe(2 * TRACES_PER_PART);
    });

    it('loses no trace when it is killed −9 meanwhile and Tempo comes back', async () => {
      await collector.kill9();
      await start();
      await emit();
      tempo = await startTempo({ dir: tempoDir, grpcPort: Number(tempo.grpcEndpoint.split(':')[1]) });
      expect(await untilWhole()).toBe(3 * TRACES_PER_PART);
      await waitUntil(async () => (await countEvents()) >= traceIds.length, { what: () => 'every event' });
      expect(await countEvents()).toBe(3 * TRACES_PER_PART);
    }, 240_000);

    it('listens on loopback only', () => {
      for (const pid of [collector.process.pid, loki.process.pid, tempo.pid])
        expect(new Set(listenAddresses(pid))).toEqual(new Set(['127.0.0.1']));
    });

    it('leaves nothing of what was said in either store', async () => {
      for (const traceId of traceIds) expect(await readTrace(traceId)).not.toContain(SAID);
      for (const folder of [tempoDir, lokiDir]) expect(findFilesWith(folder, SAID)).toEqual([]);
      // The search does find what is there.
      expect(findFilesWith(lokiDir, traceIds[0] ?? '')).not.toEqual([]);
    });
  },
);

function findFilesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(text));
}
