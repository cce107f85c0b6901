import { afterEach, describe, expect, it } from '@jest/globals';
import { reachableHost } from '../../../server/process/reachable-host.ts';
import { getJson, startTestServer, type TestServer } from '../harness.ts';

const TOKEN = 'a token of some length';
const WEBHOOK = { WEBHOOK_URL: 'http://127.0.0.1:9/' };
const PAGE_URL = 'https://tally.example.com';

let server: TestServer | undefined;

afterEach(async () => {
  await server?.remove();
  server = undefined;
});

async function startEverywhere(alertEnv: Readonly<Record<string, string>>): Promise<TestServer> {
  return (server = await startTestServer({ host: '0.0.0.0', token: TOKEN, alertEnv }));
}

/** The lines of the log that are about links. */
function aboutLinks({ lines }: TestServer): string[] {
  return lines.filter((line) => line.includes('TALLYSPAN_URL'));
}

describe('a server that listens on every address', () => {
  it('is told by one that can be asked', async () => {
    const { uiUrl, grpcAddress, httpAddress } = await startEverywhere({});
    expect(uiUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect([grpcAddress, httpAddress].map((address) => address.replace(/\d+$/, ''))).toEqual([
      '127.0.0.1:',
      '127.0.0.1:',
    ]);
    expect((await fetch(`${uiUrl}/healthz`)).status).toBe(200);
  });

  it('with a channel says that links in notices lead nowhere else, and what to set', async () => {
    const running = await startEverywhere(WEBHOOK);
    expect(aboutLinks(running)).toEqual([
      `alerts: links in notices begin with ${running.uiUrl}, which works on this machine only. Set TALLYSPAN_URL to the address by which people reach the page.`,
    ]);
    expect(running.readAlertStates().page_url).toBe(running.uiUrl);
  });

  it('says nothing of links where it is set, or where no notice is sent', async () => {
    const running = await startEverywhere({ ...WEBHOOK, TALLYSPAN_URL: PAGE_URL });
    expect(aboutLinks(running)).toEqual([]);
    expect(running.readAlertStates().page_url).toBe(PAGE_URL);
    await running.remove();
    expect(aboutLinks(await startEverywhere({}))).toEqual([]);
  });
});

describe('a server that listens on one address', () => {
  it('says that its page needs a name of its own where it is to be below another', async () => {
    server = await startTestServer({ alertEnv: { TALLYSPAN_URL: `${PAGE_URL}/costs/` } });
    expect(aboutLinks(server)).toEqual([
      expect.stringMatching(
        /^TALLYSPAN_URL is "https:\/\/tally.example.com\/costs", an address below another: /,
      ),
    ]);
  });

  it('is told by it, and links lead there', async () => {
    const running = (server = await startTestServer({ alertEnv: WEBHOOK }));
    expect(running.readAlertStates().page_url).toBe(running.uiUrl);
    expect(aboutLinks(running)).toEqual([]);
    expect(await getJson(running, '/api/meta')).toMatchObject({ otlp_grpc: running.grpcAddress });
  });
});

describe('the host of a link', () => {
  it.each([
    ['192.168.1.5', '192.168.1.5'],
    ['box.example', 'box.example'],
    ['::1', '[::1]'],
    ['::', '[::1]'],
  ])('to a server at %s is %s', (host, expected) => {
    expect(reachableHost(host)).toBe(expected);
  });
});
